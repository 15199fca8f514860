-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
-- wrk as one heavy ordinary user: posts of varied sizes with pauses, not a flood.
local body = string.rep("x", 900)

function setup(thread)
	thread:set("seed", 7)
end

function init(_)
	math.randomseed(seed)
end

function delay()
	return math.random(100, 1500)
end

function request()
	local headers = { ["Host"] = "api.weir.test" }
	return wrk.format("POST", "/v1/chat/" .. math.random(20, 120), headers, body)
end
