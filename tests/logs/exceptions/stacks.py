"""Stack traces as the languages print them, made up for these tests."""

PYTHON = """\
2026-11-22 10:00:00 ERROR shop.views: order 4711 failed
Traceback (most recent call last):
  File "/app/shop/views.py", line 42, in buy
    charge(order)
    ~~~~~~^^^^^^^
  File "/app/shop/billing/cards.py", line 17, in charge
    return client.post("/charge", json=body)
  File "/usr/local/lib/python3.11/site-packages/httpx/_client.py", line 1145, in post
    return self.request(
httpx.ConnectTimeout: timed out after 30.0 s for card 4711
"""
PYTHON_CHAIN = """\
Traceback (most recent call last):
  File "/app/shop/stock.py", line 3, in take
    return stock[name]
KeyError: 'headphones'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/views.py", line 9, in <module>
    take("headphones")
  File "/app/shop/stock.py", line 5, in take
    raise OutOfStock("headphones") from error
shop.stock.take.<locals>.OutOfStock: none left of "headphones"
and a second line of the message
"""
PYTHON_GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/worker.py", line 7, in main
  |     async with asyncio.TaskGroup() as group:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/worker.py", line 12, in fetch
    |     raise ValueError(1)
    | ValueError: 1
    +------------------------------------
"""
PYTHON_IN_LIBRARIES_ONLY = """\
Traceback (most recent call last):
  File "/usr/lib/python3.11/asyncio/runners.py", line 190, in run
  File "<frozen runpy>", line 88, in _run_code
KeyboardInterrupt
"""
ELIXIR = """\
10:00:00.123 [error] GenServer #PID<0.1234.0> terminating
** (Ecto.NoResultsError) expected at least one result but got none in query:

from e0 in Shop.Episode,
  where: e0.id == ^4711

    (ecto 3.10.3) lib/ecto/repo/queryable.ex:164: Ecto.Repo.Queryable.one!/3
    (shop 0.4.2) lib/shop/episodes.ex:33: Shop.Episodes.fetch!/1
    (stdlib 5.1) gen_server.erl:1123: :gen_server.try_handle_call/4
Last message (from #PID<0.1230.0>): {:fetch, 4711}
"""
ELIXIR_ARGUMENTS = """\
[error] Task #PID<0.5.0> started from Shop.Supervisor terminating
** (FunctionClauseError) no function clause matching in Shop.Mail.send/2
    (shop 0.4.2) lib/shop/mail.ex:8: Shop.Mail.send("jo@example.com", 3)
    (elixir 1.15.7) lib/task/supervised.ex:101: Task.Supervised.invoke_mfa/2
Function: &Shop.Mail.run/0
    Args: []
"""
ELIXIR_WRAPPED = """\
[error] Ranch protocol #PID<0.9.0> of listener ShopWeb.Endpoint.HTTP terminated
** (exit) an exception was raised:
    ** (Phoenix.Router.NoRouteError) no route found for GET /feeds/s3cr3tslug (ShopWeb.Router)
        (shop 0.4.2) deps/phoenix/lib/phoenix/router.ex:541: ShopWeb.Router.call/2
        (shop 0.4.2) lib/shop_web/endpoint.ex:1: ShopWeb.Endpoint.plug_builder_call/2
        (plug_cowboy 2.6.1) lib/plug/cowboy/handler.ex:11: Plug.Cowboy.Handler.init/2
"""
ERLANG = """\
=ERROR REPORT==== 22-Nov-2026::10:00:00.123456 ===
Error in process <0.85.0> with exit value:
{badarith,[{erlang,'+',[1,a],[{file,"erlang.erl"},{line,3}]},
           {shop_cart,total,1,[{file,"src/shop_cart.erl"},{line,12}]},
           {proc_lib,init_p,3,[{file,"proc_lib.erl"},{line,241}]}]}
"""
ERLANG_SERVER = """\
** Generic server shop_stock terminating
** Last message in was {take,"headphones",4711}
** Reason for termination ==
** {{badmatch,{error,not_found}},
    [{shop_stock,handle_call,3,[{file,"src/shop_stock.erl"},{line,40}]}]}
"""
ERLANG_CRASH = """\
  crasher:
    initial call: shop_cart:init/1
    pid: <0.85.0>
    exception error: no match of right hand side value {error,4711}
      in function  gen_server:init_it/6 (gen_server.erl, line 835)
      in call from shop_cart:total/1 (src/shop_cart.erl, line 12)
"""
GO = """\
panic: runtime error: index out of range [5] with length 3 [recovered]
\tpanic: runtime error: index out of range [5] with length 3

goroutine 34 [running]:
testing.tRunner.func1.2({0x5a0b40, 0xc00001a0d8})
\t/usr/local/go/src/testing/testing.go:1631 +0x24a
panic({0x5a0b40?, 0xc00001a0d8?})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
github.com/lib/pq.(*conn).query(0xc000010000)
\t/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go:846 +0x1c
example.com/shop/internal/cart.(*Cart).At(0xc00007e000, 0x5)
\t/src/internal/cart/cart.go:21 +0x1d
main.main()
\t/src/main.go:9 +0x85
exit status 2
"""
GO_HTTP = """\
2026/11/22 10:00:00 http: panic serving 10.1.2.3:51234: no cart for jo@example.com
goroutine 52 [running]:
net/http.(*conn).serve.func1()
\tnet/http/server.go:1898 +0xbe
panic({0x6b1c20?, 0xc0000a4010?})
\truntime/panic.go:770 +0x132
shop/web.Handler({0x7d2f40, 0xc0000c6000}, 0xc0000c4000)
\tshop/web/handler.go:31 +0x4a
created by net/http.(*Server).Serve in goroutine 1
\tnet/http/server.go:3285 +0x4b4
"""
GO_FATAL = """\
fatal error: concurrent map writes

goroutine 18 [running]:
main.fill(...)
\t/src/fill.go:12
"""
JAVA = """\
10:00:00.123 [http-nio-8080-exec-1] ERROR c.e.shop.Api - order failed
org.springframework.dao.DataIntegrityViolationException: could not execute statement; SQL [n/a]
\tat org.hibernate.Session.flush(Session.java:257)
\tat app//com.example.shop.Orders.lambda$save$3(Orders.java:88)
\tat com.example.shop.Orders$$EnhancerBySpringCGLIB$$1a2b3c.save(<generated>)
\tat java.base/java.lang.Thread.run(Thread.java:833)
Caused by: org.postgresql.util.PSQLException: ERROR: duplicate key value
\tat org.postgresql.core.Parser.parse(Parser.java:1)
\tat com.example.shop.Dao.insert(Dao.java:5)
\t... 42 more
"""
JAVA_MAIN = """\
Exception in thread "main" java.lang.IllegalStateException: 3 of 5 parts
of the file are missing
\tat com.example.shop.Main.main(Main.java:12)
"""
NODE = """\
/app/src/server.js:10
    throw new TypeError('x');
    ^

TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string. Received undefined
    at new NodeError (node:internal/errors:405:5)
    at Object.join (node:path:1175:7)
    at /app/node_modules/express/lib/router/layer.js:95:5
    at async Promise.all (index 0)
    at async Orders.save [as handler] (file:///app/src/routes/orders.js:31:17) {
  code: 'ERR_INVALID_ARG_TYPE'
}

Node.js v20.11.0
"""
NODE_DATABASE = """\
error: relation "orders" does not exist
    at /app/dist/db.js:3:9
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
"""
NODE_NAMED = """\
Uncaught OutOfStock: none left of 4711
    at take (/app/stock.js:3:9)
"""
