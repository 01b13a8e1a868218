from malmoi.tokenizers import whitespace


def test_words_between_whitespace():
    assert whitespace.build(whitespace.Params())(["  말을\n모으다  ", "\t"]) == [["말을", "모으다"], []]


def test_whitespace_stays_before_the_word_and_at_the_end_of_the_text():
    assert whitespace.build(whitespace.Params(spaces=True))(["말을\n\n 모으다 \n", " "]) == [["말을", "\n\n 모으다", " \n"], [" "]]
