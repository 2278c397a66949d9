from __future__ import annotations

import asyncio

from munshi.bot.bell import LocalBell
from munshi.ui.news import News


def test_whoever_waits_is_told_of_a_ring_from_another_thread() -> None:
    bell = LocalBell()

    async def wait() -> None:
        news = News(bell)
        waiting = [asyncio.create_task(news.rung(name, 0, 60)) for name in ("chat:1", "chat:1", "chat:2")]
        while news.waiting < 3:
            await asyncio.sleep(0)
        await asyncio.to_thread(bell.ring, "chat:1")
        await asyncio.gather(*waiting[:2])
        assert not waiting[2].done()
        await news.rung("chat:1", 0, 60)  # what rang before is not waited for
        waiting[2].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert news.waiting == 0

    asyncio.run(asyncio.wait_for(wait(), 30))


def test_whoever_waits_is_let_go_after_a_while_and_when_the_server_closes() -> None:
    async def wait() -> None:
        news = News(LocalBell())
        await news.rung("chat:1", 0, 0.01)
        waiting = asyncio.create_task(news.rung("chat:1", 0, 60))
        await asyncio.sleep(0.01)
        news.close()
        await waiting
        await news.rung("chat:1", 0, 60)

    asyncio.run(asyncio.wait_for(wait(), 30))


def test_a_ring_after_the_loop_is_gone_does_no_harm() -> None:
    bell = LocalBell()
    loop = asyncio.new_event_loop()
    waiting = News(bell).rung("chat:1", 0, 60)
    task = loop.create_task(waiting)
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()  # as a server that is cut off leaves it: nobody was let go
    bell.ring("chat:1")
    assert bell.heard("chat:1") == 1
    assert not task.done()
