"""Tokens become text: what is certain, what waits, where it stops."""

import itertools
import random

import pytest

from malmoi.tokenizers import jamo
from malmoi.transcript import Transcript, Writer

JAMO = [*"ㄱㅋab \n", *"\u1100\u1101\u1112\u1161\u1175\u11a8\u11ab", "\u1100\u1161", "가\u11a8"]


def written(writer: Writer, ids: list[int], stop: tuple[str, ...] = ()) -> tuple[list[str], Transcript]:
    """What was certain after each token, and the closed transcript."""
    transcript, certain = Transcript(writer, stop), []
    for number in ids:
        transcript = transcript.add(number)
        certain.append(transcript.certain)
        if transcript.stopped:
            return certain, transcript
    return certain, transcript.close()


def test_a_syllable_waits_until_no_letter_can_follow() -> None:
    letters = ["\u1106", "\u1161", "\u11af", "\u1106", "\u1169", "!"]  # 말모!
    certain, whole = written(Writer(letters, jamo.join), list(range(6)))
    assert certain == ["", "", "말", "말", "말", "말모!"]
    assert whole.settled == "말모!"


def test_letters_at_the_end_are_not_lost() -> None:
    certain, whole = written(Writer(["\u1106", "\u1161"], jamo.join), [0, 1])
    assert (certain, whole.settled, whole.certain) == (["", ""], "마", "마")


def test_any_jamo_are_joined_as_the_tokenizer_joins_them() -> None:
    writer, draws = Writer(JAMO, jamo.join), random.Random(0)
    for _ in range(500):
        ids = draws.choices(range(len(JAMO)), k=12)
        certain, whole = written(writer, ids)
        assert whole.settled == jamo.join([JAMO[number] for number in ids])
        assert all(whole.settled.startswith(text) for text in certain)
        assert all(later.startswith(text) for text, later in itertools.pairwise(certain))


def test_nothing_waits_where_tokens_stand_side_by_side() -> None:
    assert written(Writer(["ㅁ", "말", "\u1106"]), [0, 1, 2])[0] == ["ㅁ", "ㅁ말", "ㅁ말\u1106"]
    assert written(Writer(["the", "law"], between=" "), [0, 1, 0])[0] == ["the", "the law", "the law the"]


def test_a_stop_string_may_span_tokens_and_what_may_begin_it_is_held_back() -> None:
    certain, whole = written(Writer(["ab", "c", "d", "x"]), [3, 0, 1, 2, 3], ("bcd",))
    assert certain == ["x", "xa", "xa", "xa"]
    assert (whole.settled, whole.stopped) == ("xa", True)
    certain, whole = written(Writer(["ab", "c", "d", "x"]), [3, 0, 1, 3], ("bcd",))
    assert certain == ["x", "xa", "xa", "xabcx"]
    certain, whole = written(Writer(["ab", "c", "d", "x"]), [0, 1], ("bcd",))
    assert (certain, whole.settled, whole.stopped) == (["a", "a"], "abc", False)


def test_a_stop_string_is_looked_for_in_syllables_not_in_their_letters() -> None:
    letters = ["\u1106", "\u1161", "\u11af", " "]
    assert written(Writer(letters, jamo.join), [0, 1, 2, 3], ("마",))[1].settled == "말 "
    whole = written(Writer(letters, jamo.join), [0, 1, 0, 1, 2], ("마",))[1]
    assert (whole.settled, whole.stopped) == ("", True)
    assert written(Writer(letters, jamo.join), [0, 1], ("마",))[1].stopped, "at the end, too"


@pytest.mark.parametrize("cut", [["abcde"], ["a", "b", "c", "d", "e"], ["ab", "cd", "e"], ["abc", "de"]])
@pytest.mark.parametrize(("stop", "wanted"), [(("cd", "bcde"), "ab"), (("e", "de"), "abc"), (("bc", "abcd"), "a"), (("z",), "abcde")])
def test_where_it_stops_does_not_depend_on_the_cut(cut: list[str], stop: tuple[str, ...], wanted: str) -> None:
    certain, whole = written(Writer(cut), list(range(len(cut))), stop)
    assert whole.settled == wanted
    assert all(wanted.startswith(text) for text in certain)
