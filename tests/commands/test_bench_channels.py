"""The benchmark of turns through a channel, so small that its figures mean nothing."""

import pytest

from bot.commands import bench_channels


@pytest.mark.parametrize("channel", ["zalo-oa", "zalo-bot", "web"])
async def test_turns_are_measured_through_a_channel(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_channels, "SIDES", 1)
    figures = await bench_channels.measure(channel, 2, 1)
    assert figures.turns_per_s > 0
    assert figures.ratio == pytest.approx(figures.turns_per_s / figures.telegram_turns_per_s)
