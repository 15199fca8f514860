#!/usr/bin/env node
// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//
// Turns the plan's Node.js users into traffic, HTTP/1.1 by https.Agent and HTTP/2 by http2.
//
// usage: driver.js DIR SECONDS
"use strict";

const fs = require("fs");
const http2 = require("http2");
const https = require("https");

const NAME = "api.weir.test";
const ANSWER_MS = 15000;
const [directory, seconds] = [process.argv[2], Number(process.argv[3])];
const end = Date.now() + seconds * 1000;
const failures = fs.openSync(`${directory}/failures.node.jsonl`, "a");

// mulberry32: small, seeded, good enough for habits.
function random(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

const gauss = (rng) => Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
const exponential = (rng, mean) => -mean * Math.log(1 - rng());
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const sleep = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));

function path(size) {
	return `/v1/chat/${Math.round((199 * Math.log(clamp(size, 400, 120000) / 400)) / Math.log(300))}`;
}

function sizes(rng, user, shift) {
	return {
		up: Math.round(clamp(Math.exp(user.up_log + shift + user.up_sd * gauss(rng)), 40, 60000)),
		down: Math.exp(user.down_log + shift + user.down_sd * gauss(rng)),
	};
}

class Http1 {
	constructor(user) {
		this.user = user;
		this.agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
	}
	ask({ up, down }) {
		const { user } = this;
		return new Promise((resolve, reject) => {
			const request = https.request({
				host: user.host, port: user.port, servername: NAME, localAddress: user.address,
				agent: this.agent, method: "POST", path: path(down), timeout: ANSWER_MS,
				headers: { Host: NAME, "Content-Length": up },
			}, (answer) => {
				answer.on("end", () => (answer.statusCode === 200 ? resolve() : reject(Error(`status ${answer.statusCode}`))));
				answer.on("error", reject);
				answer.resume();
			});
			request.on("timeout", () => request.destroy(Error("timeout")));
			request.on("error", reject);
			request.end(Buffer.alloc(up, "x"));
		});
	}
	close() {
		this.agent.destroy();
	}
}

class Http2 {
	constructor(user) {
		const host = user.host.includes(":") ? `[${user.host}]` : user.host;
		this.session = http2.connect(`https://${host}:${user.port}`, {
			servername: NAME, localAddress: user.address, rejectUnauthorized: false,
		});
		this.session.on("error", () => {});
	}
	ask({ up, down }) {
		return new Promise((resolve, reject) => {
			const request = this.session.request({ ":method": "POST", ":path": path(down), ":authority": NAME });
			request.setTimeout(ANSWER_MS, () => request.destroy(Error("timeout")));
			request.on("end", resolve);
			request.on("error", reject);
			request.resume();
			request.end(Buffer.alloc(up, "x"));
		});
	}
	close() {
		this.session.close();
	}
}

async function session(user, rng, connection) {
	const turns = clamp(Math.round(exponential(rng, user.turns)), 1, 60);
	const shift = 0.3 * gauss(rng);
	for (let turn = 0; turn < turns && Date.now() < end; turn++) {
		connection = connection || new (user.stack === "node-h2" ? Http2 : Http1)(user);
		try {
			await connection.ask(sizes(rng, user, shift));
		} catch (error) {
			connection.close();
			throw error;
		}
		if (user.connection === "request") {
			connection.close();
			connection = null;
		}
		await sleep(user.think_s * Math.exp(user.think_sd * gauss(rng)));
	}
	if (connection && user.connection === "session") {
		connection.close();
		connection = null;
	}
	return connection;
}

async function live(user) {
	const rng = random(user.seed);
	let connection = null;
	await sleep(rng() * Math.min(user.pause_s, 25));
	while (Date.now() < end) {
		try {
			connection = await session(user, rng, connection);
		} catch (error) {
			connection = null;
			fs.writeSync(failures, JSON.stringify({
				time: Date.now() / 1000, address: user.address, role: user.role, error: String(error),
			}) + "\n");
			await sleep(1);
		}
		await sleep(exponential(rng, user.pause_s));
	}
}

const users = JSON.parse(fs.readFileSync(`${directory}/users.json`)).filter((user) => user.stack.startsWith("node"));
users.forEach((user) => live(user));
setTimeout(() => process.exit(0), seconds * 1000 + 2000);
