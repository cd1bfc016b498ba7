import io, sys
from strongroom.cli.output import Output
def test_json_has_no_control_characters(capsys):
    Output(json=True).line({"purpose": "\x9b31mred\u202egnp"})
    out = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in out), repr(out)
