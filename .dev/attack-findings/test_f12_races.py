"""Concurrent last approvals and releases keep the caps (expected to pass)."""
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from strongroom.errors import StrongroomError

def test_parallel_last_approvals_keep_the_caps(house, model):
    house.publish(model); house.refresh()
    show = house.room.room.catalogue.show(house.actors["olga"], "llm").manifest
    total = show.plain_bytes
    asked = []
    for who in ("ana", "ben"):
        for s in show.segments:
            r = house.by(who).request("llm", segments=[s.name], purpose="x").request
            house.by("ines").approve(r.id); asked.append((who, r.id))
    def last(x):
        who, r = x
        try:
            house.by("tom").approve(r)
            with house.by(who).open(r) as o:
                return who, {(p.file, p.label): p.length for p in o.parts()}, o.release.segments, sum(s.facts.plain_bytes for s in o.manifest.segments if s.id in o.release.segments)
        except StrongroomError as e:
            return who, {}, (), 0
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(last, asked))
    # As the room counts: the map in the architecture segment is no byte of a file.
    report = house.by("ada").records.exposure("llm")
    shares = {x.name: x.held for x in report.shares}
    print(shares, report.pair, report.person_cap, report.pair_cap)
    assert shares["ana"] <= total * 25 // 100 and shares["ben"] <= total * 25 // 100
    assert report.pair[2] <= total * 45 // 100
