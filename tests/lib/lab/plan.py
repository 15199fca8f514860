#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Turns a seed into the lab's population: who comes from which address, with what client and habits.

usage: plan.py DIR SEED

Writes into DIR: users.json (every ordinary user), pools.json (the fleet and the autoscaled workers), relay.routes,
addresses.clients, addresses.relays, sizes.txt (response sizes that the service offers) and truth.tsv (address, role, stack).
"""

import json
import math
import random
import sys

EDGE4, EDGE6 = "192.0.2.10", "2001:db8:e::10"
TLS_PORT, TLS12_PORT, PLAIN_PORT = 443, 8443, 80
WRK_ADDRESS = "198.18.250.7"  # what an unbound socket in `clients` comes from
FLEET_MEMBERS, RELAY_BOXES, WORKERS, RELAYED_USERS = 60, 30, 30, 10
HORIZON_S = 200  # habits are stated as exchanges in this time

# Shares of the ordinary population. "sdk" is the fleet's own stack: a popular client, not a rare one.
STACKS = [
    ("sdk", 0.24), ("py-default", 0.14), ("py-tls12", 0.08), ("py-legacy", 0.10), ("py-curves", 0.08),
    ("node", 0.20), ("node-h2", 0.04), ("curl", 0.05), ("curl-h1", 0.02), ("openssl", 0.02), ("plain", 0.03),
]
# What makes one host's SYN differ from another's: receive buffer (window scale) and MSS.
SYN_CLASSES = [(0, 0, 0.55), (65536, 0, 0.15), (262144, 1400, 0.10), (0, 1360, 0.12), (32768, 1452, 0.08)]

ORDINARY_EXCHANGES_MEDIAN, ORDINARY_EXCHANGES_LOG_SD = 18, 1.0
ORDINARY_SIZE_LOG_SD = 0.8  # between users: ServeGen's clients differ by about as much


def pick(rng, table):
    point = rng.random() * sum(row[-1] for row in table)
    for row in table:
        point -= row[-1]
        if point <= 0:
            return row
    return table[-1]


def habits(rng):
    """One user's own rates, sizes and rhythm."""
    exchanges = ORDINARY_EXCHANGES_MEDIAN * math.exp(rng.gauss(0, ORDINARY_EXCHANGES_LOG_SD))
    exchanges = min(max(exchanges, 4), 400)
    turns = min(max(1.0, 4 * math.exp(rng.gauss(0, 0.7))), exchanges, 40)
    think_s = 0.7 * math.exp(rng.gauss(0, 0.8))
    session_s = turns * (think_s + 0.3)
    between_s = HORIZON_S / (exchanges / turns)
    if session_s > 0.85 * between_s:
        think_s = max(0.02, 0.85 * between_s / turns - 0.3)
        session_s = turns * (think_s + 0.3)
    on_s, off_s = pick(rng, [(0, 0, 0.7), (30, 20, 0.15), (15, 45, 0.15)])[:2]
    return {
        "turns": turns, "think_s": think_s, "think_sd": rng.uniform(0.2, 1.0),
        "pause_s": max(0.5, between_s - session_s), "on_s": on_s, "off_s": off_s,
        "connection": pick(rng, [("session", 0.7), ("request", 0.18), ("kept", 0.12)])[0],
        "up_log": math.log(1500) + rng.gauss(0, ORDINARY_SIZE_LOG_SD), "up_sd": rng.uniform(0.3, 0.8),
        "down_log": math.log(5000) + rng.gauss(0, ORDINARY_SIZE_LOG_SD), "down_sd": rng.uniform(0.3, 0.8),
    }


class Plan:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.users, self.pools, self.routes, self.truth = [], [], [], []
        self.addresses = {"clients": [WRK_ADDRESS], "relays": []}
        self.number = 0

    def address(self, place, ipv6, net=None):
        """A new address; ordinary ones are scattered over networks, IPv6 in a /64 of its own."""
        self.number += 1
        high = {"clients": 18, "relays": 19}[place]
        net = self.rng.randrange(200) if net is None else net
        if ipv6:
            address = f"2001:db8:{high:x}{net:02x}:{self.number:x}::{self.rng.randrange(1, 65535):x}"
        else:
            address = f"198.{high}.{net}.{1 + self.number % 254}"
        if address in self.addresses[place]:
            return self.address(place, ipv6, net)
        self.addresses[place].append(address)
        return address

    def user(self, role, stack, address, **more):
        port = {"py-tls12": TLS12_PORT, "plain": PLAIN_PORT}.get(stack, TLS_PORT)
        rcvbuf, mss, _ = pick(self.rng, SYN_CLASSES)
        user = {"role": role, "stack": stack, "address": address, "host": EDGE6 if ":" in address else EDGE4,
                "port": port, "rcvbuf": rcvbuf, "mss": mss, "seed": self.rng.getrandbits(32)}
        user.update(habits(self.rng))
        user.update(more)
        self.users.append(user)
        self.truth.append((address, role, stack))

    def relay(self, box, exit_address, port):
        """A route through relay box `box`; returns what its client connects to."""
        listen = (f"10.200.1.{1 + box}", 20000 + len(self.routes))
        delay_us = self.rng.randrange(40000, 120000)
        host = EDGE6 if ":" in exit_address else EDGE4
        self.routes.append((*listen, exit_address, host, port, delay_us, 3000))
        return listen

    def ordinary(self, count):
        for i in range(count):
            self.user("ordinary", pick(self.rng, STACKS)[0], self.address("clients", i % 3 == 0))

    def shared(self):
        """One address, several users with different clients behind it."""
        address = self.address("clients", False)
        for stack in ("sdk", "py-default", "py-legacy", "node", "curl", "py-curves"):
            self.user("shared", stack, address)

    def relayed(self):
        """Concealed, not coordinated: own habits behind relays like the fleet's."""
        for i in range(RELAYED_USERS):
            address = self.address("relays", i % 3 == 0)
            stack = ("sdk", "py-default", "py-legacy")[i % 3]
            host, port = self.relay(i % RELAY_BOXES, address, TLS_PORT)
            self.user("relayed", stack, address, host=host, port=port, rcvbuf=0, mss=0, place="backend")

    def workers(self, conversations_per_s):
        """Coordinated, not concealed: one customer's autoscaled workers on the fleet's stack, own content."""
        members = []
        for i in range(WORKERS):
            address = self.address("clients", i % 3 == 0, 210 + i % 3)
            members.append({"address": address, "host": EDGE6 if ":" in address else EDGE4, "port": TLS_PORT})
            self.truth.append((address, "worker", "sdk"))
        self.pools.append({"name": "worker", "place": "clients", "members": members, "pick": "random",
                           "conversations_per_s": conversations_per_s, "up_log": math.log(2600), "up_sd": 0.5,
                           "down_log": math.log(3800), "down_sd": 0.6, "seed": self.rng.getrandbits(32)})

    def fleet(self, conversations_per_s):
        """Coordinated and concealed: one queue, least recently used account next, an exit address each."""
        members = []
        for i in range(FLEET_MEMBERS):
            address = self.address("relays", i % 3 == 0)
            host, port = self.relay(i % RELAY_BOXES, address, TLS_PORT)
            members.append({"address": address, "host": host, "port": port})
            self.truth.append((address, "fleet", "sdk"))
        self.pools.append({"name": "fleet", "place": "backend", "members": members, "pick": "least-recently-used",
                           "conversations_per_s": conversations_per_s, "up_log": math.log(1800), "up_sd": 0.5,
                           "down_log": math.log(6000), "down_sd": 0.6, "seed": self.rng.getrandbits(32)})


def response_sizes():
    """200 sizes, evenly spaced in log from 400 bytes to 120 kB; /v1/chat/N answers with the Nth."""
    return [round(400 * 300 ** (i / 199)) for i in range(200)]


def main():
    directory, seed = sys.argv[1], int(sys.argv[2])
    plan = Plan(seed)
    plan.ordinary(200)
    plan.shared()
    plan.relayed()
    per_member = 1 / 12  # a conversation of about five turns every 12 s: 50 exchanges in two minutes
    plan.workers(WORKERS * per_member)
    plan.fleet(FLEET_MEMBERS * per_member)
    plan.truth.append((WRK_ADDRESS, "heavy", "wrk"))

    def write(name, text):
        with open(f"{directory}/{name}", "w", encoding="ascii") as file:
            file.write(text)

    write("users.json", json.dumps(plan.users, indent=1))
    write("pools.json", json.dumps(plan.pools, indent=1))
    write("relay.routes", "".join(" ".join(map(str, route)) + "\n" for route in plan.routes))
    for place, addresses in plan.addresses.items():
        write(f"addresses.{place}", "".join(address + "\n" for address in addresses))
    write("sizes.txt", "".join(f"{size}\n" for size in response_sizes()))
    write("truth.tsv", "source\trole\tstack\n" + "".join("\t".join(row) + "\n" for row in plan.truth))


if __name__ == "__main__":
    main()
