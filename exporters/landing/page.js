// Renews what is alive on the page. Without it the browser loads the whole page again by itself.
"use strict";

const EVERY = 5000;
let seen = new Date();

async function renew() {
  const live = document.getElementById("live");
  // Not under the hand of somebody who reads it or moves through it.
  const busy = live.contains(document.activeElement) || !getSelection().isCollapsed;
  if (document.hidden || busy) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    live.replaceWith(document.adoptNode(fresh.getElementById("live")));
    document.title = fresh.title;
    seen = new Date();
    tell(false);
  } catch {
    tell(true);
  }
}

function tell(lost) {
  const note = document.getElementById("lost");
  document.body.classList.toggle("lost", lost);
  if (note.hidden === !lost) return;
  note.querySelector("time").textContent = seen.toLocaleTimeString();
  note.hidden = !lost;
}

setInterval(renew, EVERY);
document.addEventListener("visibilitychange", renew);
