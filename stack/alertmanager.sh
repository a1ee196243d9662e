#!/bin/sh
# Alertmanager, with what the secrets know of: no message is tried where Slack's address is not
# there, and a dead man's switch is told where it has one.
set -eu
secrets=/run/secrets
config=/tmp/alertmanager.yml
sed 's|^  - templates/|  - /etc/alertmanager/templates/|' /etc/alertmanager/alertmanager.yml >"$config"
[ -s "$secrets/slack_webhook" ] || sed -i 's|receiver: slack$|receiver: nobody|' "$config"
if [ -s "$secrets/watchdog_url" ]; then
    # Its receiver is the last thing in the file.
    printf "    webhook_configs: [{url: '%s', send_resolved: false}]\n" "$(cat "$secrets/watchdog_url")" >>"$config"
fi
exec alertmanager --config.file="$config" "$@"
