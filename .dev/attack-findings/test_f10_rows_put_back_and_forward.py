"""A revoked permit is put back, used, and put forward again; verify finds nothing."""
import sqlalchemy as sa, pytest
from strongroom.errors import StrongroomError


def rows(c, table, where):
    return [dict(r._mapping) for r in c.execute(sa.text(f"select * from {table} where {where}"))]

def put(c, table, found):
    for r in found:
        cols = ", ".join(r); vals = ", ".join(":" + k for k in r)
        c.execute(sa.text(f"insert into {table} ({cols}) values ({vals})"), r)


def test_a_revoked_permit_used_behind_the_ledger_is_found(house, model):
    house.publish(model, classification="internal"); house.refresh()
    p = house.permit("ana", "biases")
    house.by("ana").open(p.id).close()          # once, honestly
    e = house.room.room.ledger.database.engine
    w = f"id = '{p.id}'"; n = f"row_id = '{p.id}' and table_name = 'permits'"
    with e.begin() as c:
        old, old_named = rows(c, "permits", w), rows(c, "entry_rows", n)
    house.by("ines").revoke(p.id)
    with pytest.raises(StrongroomError):
        house.by("ana").open(p.id)
    with e.begin() as c:   # the database's administrator
        new, new_named = rows(c, "permits", w), rows(c, "entry_rows", n)
        c.execute(sa.text(f"delete from permits where {w}")); put(c, "permits", old)
        c.execute(sa.text(f"delete from entry_rows where {n}")); put(c, "entry_rows", old_named)
    with house.by("ana").open(p.id) as opened:  # keys leave on a revoked permit
        print("read", opened.check())
    with e.begin() as c:
        c.execute(sa.text(f"delete from permits where {w}")); put(c, "permits", new)
        c.execute(sa.text(f"delete from entry_rows where {n}")); put(c, "entry_rows", new_named)
    report = house.by("ada").records.verify()
    print(report.findings, report.rows_checked)
    assert report.findings


def test_holdings_hidden_while_more_is_released_are_found(house, model):
    house.publish(model); house.refresh()
    names = [s.name for s in house.room.room.catalogue.show(house.actors["olga"], "llm").manifest.segments]
    e = house.room.room.ledger.database.engine
    ana = house.actors["ana"].account
    hidden = {"holdings": [], "entry_rows": [], "permits": [], "releases": []}
    got = 0
    for name in names[:-1]:
        p = house.permit("ana", name)
        with house.by("ana").open(p.id) as o:
            got += o.check()
        with e.begin() as c:
            for t, w in (("holdings", f"account = '{ana}'"), ("permits", f"account = '{ana}'")):
                found = rows(c, t, w)
                hidden[t] += found
                for r in found:
                    v = f"table_name = '{t}' and row_id = '{r['id']}'"
                    hidden["entry_rows"] += rows(c, "entry_rows", v)
                    c.execute(sa.text(f"delete from entry_rows where {v}"))
                c.execute(sa.text(f"delete from {t} where {w}"))
    with e.begin() as c:
        for t in ("holdings", "permits", "entry_rows"):
            put(c, t, hidden[t])
    total = sum(f.stat().st_size for f in model.rglob("*") if f.is_file())
    report = house.by("ada").records.verify()
    print("ana read", got, "of", total, "findings", report.findings)
    assert got <= total // 4 or report.findings
