"""An error of the database that is not translated carries the parameters."""
import traceback, pytest, sqlalchemy as sa
from strongroom.database.engine import Database

def test_parameters_are_hidden_in_errors(quick):
    database = Database(f"sqlite+pysqlite:///{quick}/x.db")
    try:
        with database.writing() as c:
            c.execute(sa.text("select :a, :b"), {"a": "SECRET-SALT", "b": object()})
    except Exception as e:
        text = "".join(traceback.format_exception(e))
    database.close()
    print(text[-600:])
    assert "SECRET-SALT" not in text
