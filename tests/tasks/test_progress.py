from tasks._progress import Progress


def test_a_line_every_five_seconds(capsys):
    now = iter([0.0, 1.0, 5.5, 6.0, 11.0])
    progress = Progress("tokens x: train", 4_000, lambda: next(now))
    for _ in range(4):
        progress.add(1_000)
    assert capsys.readouterr().out.splitlines() == [
        "tokens x: train: 2,000 of 4,000 rows, 364 rows/s, 6 s still",
        "tokens x: train: 4,000 of 4,000 rows, 364 rows/s",
    ]
