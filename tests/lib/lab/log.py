#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Turns nginx's access log and the lab's truth into figures: who asked how much, and what a per-source limit would do.

usage: log.py DIR roles [SECONDS]              exchanges by role, in all and in the last SECONDS (10)
       log.py DIR limits [--from T] [--to T]   what every per-source limit would do to members and to others
       log.py DIR csv                          an exchange log (DESIGN section 7) with made-up round-trip times
       log.py DIR answered FROM TO             exchanges of members and of others in between
       log.py DIR blocked RULES FROM TO        who of the members is blocked, and who of the others by mistake
"""

import collections
import glob
import ipaddress
import json
import random
import sys
import time

FLEET = "fleet"


def truth(directory):
    """Role and stack by address."""
    with open(f"{directory}/truth.tsv", encoding="ascii") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def exchanges(directory):
    with open(f"{directory}/access.log", encoding="utf-8") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:  # the last line, half written
                return


def known(directory, start=0.0, end=float("inf")):
    """(time, address, role) of the answered exchanges of the lab's population."""
    roles, _ = truth(directory)
    for row in exchanges(directory):
        if row["addr"] in roles and row["status"] == 200 and start <= row["time"] < end:
            yield row["time"], row["addr"], roles[row["addr"]]


def print_roles(directory, seconds=10.0):
    roles, _ = truth(directory)
    now = time.time()
    count, recent = collections.Counter(), collections.Counter()
    active = collections.defaultdict(set)
    for at, address, role in known(directory):
        count[role] += 1
        recent[role] += at > now - seconds
        active[role].add(address)
    print(f"{'role':<10}{'sources':>9}{'active':>9}{'exchanges':>11}{'last ' + format(seconds, 'g') + ' s':>12}")
    for role in sorted(set(roles.values())):
        total = sum(r == role for r in roles.values())
        print(f"{role:<10}{total:>9}{len(active[role]):>9}{count[role]:>11}{recent[role]:>12}")


def print_limits(directory, start=0.0, end=float("inf")):
    """For limits on exchanges per source over the whole time: members caught, others caught with them."""
    roles, _ = truth(directory)
    count = collections.Counter(address for _, address, _ in known(directory, start, end))
    members = sorted((count[a] for a, role in roles.items() if role == FLEET), reverse=True)
    others = sorted((count[a] for a, role in roles.items() if role != FLEET and count[a]), reverse=True)
    need = -(-len(members) * 95 // 100)
    useful, harmless = max(members[need - 1], 1), others[0] + 1

    def caught(group, limit):
        return sum(n >= limit for n in group)

    print(f"{'limit':>7}{'members caught':>17}{'others caught':>16}")
    for limit in sorted({harmless, useful, *(max(1, useful * k // 4) for k in (1, 2, 3))}, reverse=True):
        print(f"{limit:>7}{caught(members, limit):>10}/{len(members):<6}{caught(others, limit):>9}/{len(others)}")
    print(f"To catch 95 % of the members a limit must be {useful} exchanges or less: that blocks "
          f"{caught(others, useful)} of {len(others)} others or more.")
    print(f"To block none of the others it must be {harmless} or more: that catches "
          f"{caught(members, harmless)} of {len(members)} members.")


def failures(directory):
    for path in glob.glob(f"{directory}/failures.*.jsonl"):
        with open(path, encoding="ascii") as file:
            yield from map(json.loads, file)


def print_blocked(directory, rules_file, start, end):
    """Members under an enforced rule whom nginx answered nothing between start and end; others under a rule or refused.

    rules_file: the nets under an enforced rule, one a line. Last line, for scripts: A B C D.
    """
    roles, _ = truth(directory)
    with open(rules_file, encoding="ascii") as file:
        nets = [ipaddress.ip_network(line.strip()) for line in file if line.strip()]
    ruled = {a for a in roles if any(ipaddress.ip_address(a) in net for net in nets)}
    answered = collections.Counter(address for _, address, _ in known(directory, start, end))
    refused = {row["address"] for row in failures(directory) if start <= row["time"] < end}
    members = {a for a, role in roles.items() if role == FLEET}
    others = set(roles) - members
    blocked = {a for a in members & ruled if not answered[a]}
    harmed = others & (ruled | refused)
    print(f"members: {len(members & ruled)} of {len(members)} under a rule, "
          f"{sum(answered[a] for a in members)} exchanges from {sum(answered[a] > 0 for a in members)} members")
    print(f"others:  {len(others & ruled)} of {len(others)} under a rule, "
          f"{sum(answered[a] for a in others)} exchanges from {sum(answered[a] > 0 for a in others)} others, "
          f"{len(others & refused)} had a request refused")
    for address in sorted(harmed):
        print(f"harmed: {address} ({roles[address]})")
    print(len(blocked), len(members), len(harmed), len(others))


def print_answered(directory, start, end):
    """Exchanges of members and of others between start and end: two numbers."""
    count = collections.Counter(role == FLEET for _, _, role in known(directory, start, end))
    print(count[True], count[False])


def syn_signatures(directory):
    """p0f's notation of each address's SYN: the kernel's own, but for the receive buffer and the MSS."""
    with open(f"{directory}/users.json", encoding="ascii") as file:
        users = {user["address"]: user for user in json.load(file)}
    signatures = {}
    for address in truth(directory)[0]:
        user, version, mss = users.get(address, {}), "4", 1460
        if ":" in address:
            version, mss = "6", 1440
        scale = {65536: 1, 262144: 3, 32768: 0}.get(user.get("rcvbuf"), 7)
        mss = user.get("mss") or mss
        signatures[address] = (f'"{version}:64+1:0:{mss}:mss*{65535 // mss},{scale}:mss,sok,ts,nop,ws:'
                               f'{"df,id+" if version == "4" else "flow"}:0"')
    return signatures


def print_csv(directory):
    """Round-trip times are made up: near for everybody, the relay's delay on top for whoever comes through one."""
    roles, stacks = truth(directory)
    signatures = syn_signatures(directory)
    rng = random.Random(1)
    with open(f"{directory}/relay.routes", encoding="ascii") as file:
        delay_us = {row.split()[2]: int(row.split()[5]) for row in file}
    flows, rows = {}, []
    for row in exchanges(directory):
        if row["addr"] not in roles or row["status"] != 200:
            continue
        address = row["addr"]
        flow = (address, row["port"], row["connection"])
        if flow not in flows:
            tcp_us = round(120 * rng.lognormvariate(0, 0.6))
            tls_us = tcp_us + 2 * delay_us.get(address, 0) + round(2500 * rng.lognormvariate(0, 0.7))
            flows[flow] = (len(flows) + 1, tcp_us, tls_us if row["tls"] else "")
        number, tcp_us, tls_us = flows[flow]
        stack = stacks[address] if roles[address] != "shared" else row["agent"].split("/")[0] or "node"
        rows.append((round((row["time"] - row["seconds"]) * 1e9), address, row["service_port"], row["up"] + 22,
                     row["down"] + 22, round(row["seconds"] * 1e6) + tcp_us, signatures[address],
                     f"t13d_{stack}", tcp_us, tls_us, number, ""))
    print("time_ns,source,server_port,bytes_up,bytes_down,duration_us,syn_sig,ja4,tcp_rtt_us,tls_rtt_us,connection,account")
    for row in sorted(rows):
        print(",".join(map(str, row)))


def main():
    directory, command, more = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "--help", sys.argv[3:]
    if command == "roles":
        print_roles(directory, *map(float, more))
    elif command == "limits":
        named = dict(zip(more[::2], map(float, more[1::2])))
        print_limits(directory, named.get("--from", 0.0), named.get("--to", float("inf")))
    elif command == "answered":
        print_answered(directory, *map(float, more))
    elif command == "blocked":
        print_blocked(directory, more[0], *map(float, more[1:]))
    elif command == "csv":
        print_csv(directory)
    else:
        print(__doc__)
        sys.exit(0 if command == "--help" else 2)


if __name__ == "__main__":
    main()
