"""Who follows the documents sees what is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.markdown import Exchange, read, ready_sign
from tests.documents.terminal import Reader, Samples, Unexpected

DOCUMENT = """\
# Title

<!-- given: echo before -->

## Out & about

```sh
one
two \\
  --more
kursplan serve --port 8080
```

1. In a list

   <!-- Ctrl-C -->
   <!-- in a moment -->
   ```console
   $ first \\
       second
   an answer
   of two lines
   $ third
   ```

<!-- not run: it needs
     another host -->

```sh
elsewhere
```

<!-- file: there.yaml -->
```yaml
key: 1
```
"""


def test_a_document_is_read_as_blocks_with_what_is_said_of_them(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(DOCUMENT)
    document = read(tmp_path, Path("one.md"))
    script, dialogue, elsewhere, file = document.blocks
    assert (document.givens, document.files) == (["echo before"], {"there.yaml": "key: 1\n"})
    assert script.exchanges == [
        Exchange("one\ntwo \\\n  --more", None),
        Exchange("kursplan serve --port 8080", None),
    ]
    assert dialogue.exchanges == [
        Exchange("first \\\n    second", "an answer\nof two lines"),
        Exchange("third", ""),
    ]
    assert dialogue.marks == ("Ctrl-C", "in a moment")
    assert (script.section, dialogue.section) == ("out--about", "out--about")
    assert [each.runs for each in document.blocks] == [True, True, False, False]
    assert elsewhere.mark("not run") == "it needs\n     another host"
    assert file.language == "yaml"


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        ("kursplan serve", True),
        (".venv/bin/kursplan webhook listen --port 9000", True),
        (". demo/demo.env && kursplan webhook listen", True),
        ("make demo ARGS=--fresh", True),
        ("kursplan webhook list", False),
        ("kursplan db upgrade", False),
    ],
)
def test_what_goes_on_until_it_is_stopped_is_known(command: str, goes_on: bool) -> None:
    assert (ready_sign(command) is not None) == goes_on


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ("booked", "booked\n"),
        ("id 1042 of 1042", "id 7777 of 7777"),
        (
            '{"id":1042,…,"port":8080}',
            '{"id":7,"x":1,"id":7777,"y":2,"port":18080}'.replace("7,", "7777,"),
        ),
        ("…\nlast", "one\ntwo\nlast"),
        ("whsec_c2FtcGxlIG9mIG91cnM=", "whsec_b3RoZXI/K29uZQ+/"),
        ("019eef6c-0000-7000-8000-000000000000", "01a2294f-0aa9-7df6-934f-a228cea4a03b"),
    ],
)
def test_what_is_shown_may_come_with_other_samples(shown: str, came: str) -> None:
    Samples({"8080": "18080"}).expect(shown, came)


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ("booked", "waiting"),
        ("booked", "booked and more"),
        ("", "something"),
        ("id 1042 of 1042", "id 7777 of 7778"),
        ("id 1042", "id seven"),
        ("port 8080", "port 8080"),
        ("whsec_c2FtcGxlIG9mIG91cnM=", "sample"),
    ],
)
def test_anything_else_is_unexpected(shown: str, came: str) -> None:
    with pytest.raises(Unexpected):
        Samples({"8080": "18080"}).expect(shown, came)


def test_a_sample_is_typed_as_what_it_was_learnt_to_be() -> None:
    samples = Samples({"8080": "18080"})
    samples.expect("booking 2001", "booking 6158")
    assert samples.typed("cancel 2001 20011 at :8080/2001") == "cancel 6158 20011 at :18080/6158"
    with pytest.raises(Unexpected):
        samples.expect("booking 2001", "booking 6159")


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    (tmp_path / "here").mkdir()
    reader = Reader(tmp_path / "here", {"PATH": os.environ["PATH"]}, Samples({}))
    yield reader
    reader.leave()


def test_one_terminal_remembers_and_the_next_begins_in_its_folder_and_knows_nothing(
    reader: Reader,
) -> None:
    reader.follow("mkdir deep && cd deep\nword=said", None, None)
    reader.follow('echo "$word"; read line || echo nobody types', "said\nnobody types", None)
    reader.follow("echo up; sleep 60", None, "up")
    reader.follow('echo "${PWD##*/} ${word-}"', "deep", None)
    reader.interrupt()


@pytest.mark.parametrize("commands", ["false", "one=1\nfalse\ntrue", "nothing-of-this-name"])
def test_a_command_that_fails_is_unexpected(reader: Reader, commands: str) -> None:
    with pytest.raises(Unexpected):
        reader.follow(commands, None, None)


def test_what_takes_a_moment_is_typed_again(reader: Reader) -> None:
    reader.follow("count=0", None, None)
    reader.follow('count=$((count + 1)); echo "$count"', "3", None, again=True)
