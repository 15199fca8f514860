#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Turns a plan into traffic: every user and every queue of one place (namespace) until the time is over.

usage: driver.py DIR PLACE SECONDS [--no-fleet]
"""

import asyncio
import json
import math
import os
import random
import resource
import signal
import sys
import time

import client as lab

COOL_S = 6  # an account that failed is left alone for this long
ERRORS = (OSError, EOFError, ValueError, TimeoutError, asyncio.TimeoutError, StopIteration)


class Run:
    """The run's end and its record of failed requests."""

    def __init__(self, directory, place, seconds):
        self.start, self.end = time.time(), time.time() + seconds
        self.failures = open(f"{directory}/failures.{place}.jsonl", "a", buffering=1, encoding="ascii")

    def over(self):
        return time.time() >= self.end

    def failed(self, who, error):
        self.failures.write(json.dumps({"time": round(time.time(), 3), "address": who["address"],
                                        "role": who.get("role", "fleet"), "error": repr(error)}) + "\n")


def draw(rng, log_mean, log_sd, low, high):
    return round(min(max(math.exp(rng.gauss(log_mean, log_sd)), low), high))


def turn_sizes(rng, habit, shift=0.0):
    return (draw(rng, habit["up_log"] + shift, habit["up_sd"], 40, 60000),
            draw(rng, habit["down_log"] + shift, habit["down_sd"], 400, 120000))


async def user_turns(run, rng, user, connection, turns):
    """One session's turns on a Python connection; returns the connection if it is kept."""
    for up, down in turns:
        if connection is None:
            connection = lab.Connection(user)
            await connection.open()
        try:
            await connection.ask(up, down)
        except ERRORS:
            connection.close()
            raise
        if user["connection"] == "request":
            connection.close()
            connection = None
        await asyncio.sleep(rng.lognormvariate(math.log(user["think_s"]), user["think_sd"]))
        if run.over():
            break
    if connection and user["connection"] == "session":
        connection.close()
        connection = None
    return connection


async def user_session(run, rng, user, connection):
    count = max(1, min(60, round(rng.expovariate(1 / user["turns"]))))
    shift = rng.gauss(0, 0.3)  # turns of one conversation resemble each other
    turns = [turn_sizes(rng, user, shift) for _ in range(count)]
    if user["stack"].startswith("curl"):
        await lab.curl_session(user, turns, user["think_s"])
    elif user["stack"] == "openssl":
        await lab.openssl_session(user, turns, user["think_s"])
    else:
        return await user_turns(run, rng, user, connection, turns)
    return None


async def user_live(run, user):
    """One ordinary user: sessions with pauses, by its own habits."""
    rng = random.Random(user["seed"])
    connection = None
    cycle_s = user["on_s"] + user["off_s"]
    phase_s = rng.uniform(0, cycle_s) if cycle_s else 0
    await asyncio.sleep(rng.uniform(0, min(user["pause_s"], 25)))
    while not run.over():
        if cycle_s:
            into_s = (time.time() - run.start + phase_s) % cycle_s
            if into_s > user["on_s"]:
                await asyncio.sleep(cycle_s - into_s)
        try:
            connection = await user_session(run, rng, user, connection)
        except ERRORS as error:
            connection = None
            run.failed(user, error)
            await asyncio.sleep(1)
        await asyncio.sleep(rng.expovariate(1 / user["pause_s"]))
    if connection:
        connection.close()


class Pool:
    """One queue of conversations over many accounts; the scheduler of public relay software."""

    def __init__(self, run, pool):
        self.run, self.pool, self.rng = run, pool, random.Random(pool["seed"])
        self.free = [dict(member, stack="sdk", role=pool["name"], place=pool["place"]) for member in pool["members"]]
        self.waiting = []
        self.tasks = set()
        self.rng.shuffle(self.free)

    def dispatch(self):
        while self.free and self.waiting:
            index = 0 if self.pool["pick"] == "least-recently-used" else self.rng.randrange(len(self.free))
            task = asyncio.create_task(self.converse(self.free.pop(index), self.waiting.pop(0)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def converse(self, member, turns):
        connection = lab.Connection(member)
        left = list(turns)
        try:
            await connection.open()
            while left and not self.run.over():
                await connection.ask(*left[0])
                left.pop(0)
                await asyncio.sleep(self.rng.uniform(0.1, 0.7))
        except ERRORS as error:
            self.run.failed(member, error)
            self.waiting.append(left)  # another account takes over
            self.waiting = self.waiting[-len(self.pool["members"]):]
            await asyncio.sleep(COOL_S)
        finally:
            connection.close()
            self.free.append(member)
            self.dispatch()

    async def live(self):
        while not self.run.over():
            await asyncio.sleep(self.rng.expovariate(self.pool["conversations_per_s"]))
            shift = self.rng.gauss(0, 0.3)
            self.waiting.append([turn_sizes(self.rng, self.pool, shift) for _ in range(self.rng.randint(3, 7))])
            self.dispatch()


async def drive(directory, place, seconds, with_fleet):
    run = Run(directory, place, seconds)
    with open(f"{directory}/users.json", encoding="ascii") as file:
        users = [user for user in json.load(file) if user.get("place", "clients") == place
                 and not user["stack"].startswith("node")]
    with open(f"{directory}/pools.json", encoding="ascii") as file:
        pools = [pool for pool in json.load(file) if pool["place"] == place
                 and (with_fleet or pool["name"] != "fleet")]
    tasks = [asyncio.create_task(user_live(run, user)) for user in users]
    tasks += [asyncio.create_task(Pool(run, pool).live()) for pool in pools]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: [task.cancel() for task in tasks])
    loop.set_exception_handler(lambda *_: None)  # resets of blocked connections are in the failures already
    await asyncio.wait(tasks, timeout=seconds + 5)


def main():
    directory, place, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(drive(directory, place, seconds, "--no-fleet" not in sys.argv))
    os._exit(0)  # no waiting for connections that nobody answers


if __name__ == "__main__":
    main()
