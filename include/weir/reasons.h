/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * Every packet that a program looks at ends under exactly one of these. Append only: the number is
 * stable. X(NAME, kind, text): kind PASS (nothing to do with a service, or judged and passed), DROP (a rule), BROKEN
 * (passed because it cannot be judged), EVENT (not a packet's end: counted beside it).
 */
#define WEIR_REASONS(X)                                                                            \
	X(NONE, PASS, "not counted")                                                               \
	X(UNPROTECTED, PASS, "not for a protected service")                                        \
	X(PASSED, PASS, "judged, passed")                                                          \
	X(ALLOWED, PASS, "an allow rule covers the source")                                        \
	X(MODE_OFF, PASS, "mode is off: no verdict")                                               \
	X(DAEMON_GONE, PASS, "the daemon's heartbeat stopped: no verdict")                         \
	X(NOT_IP, PASS, "neither IPv4 nor IPv6")                                                   \
	X(NOT_TCP_UDP, PASS, "for a protected address, neither TCP nor UDP")                       \
	X(EGRESS, PASS, "from a protected service, counted")                                       \
	X(DROP_HOST, DROP, "dropped by a host rule")                                               \
	X(DROP_NET, DROP, "dropped by a net rule")                                                 \
	X(DROP_LIMIT, DROP, "dropped by a limit rule")                                             \
	X(DROP_RESET, DROP, "dropped by a reset rule")                                             \
	X(DROP_TOMBSTONE, DROP, "dropped: the flow was reset before")                              \
	X(RESET_SENT, DROP, "turned into a RST toward the host")                                   \
	X(BROKEN_ETHERNET, BROKEN, "Ethernet or VLAN header truncated")                            \
	X(BROKEN_VLAN_DEPTH, BROKEN, "more than two VLAN tags")                                    \
	X(BROKEN_IP4_HEADER, BROKEN, "IPv4 header truncated or its length wrong")                  \
	X(BROKEN_IP4_LENGTH, BROKEN, "IPv4 total length beyond the frame or below its header")     \
	X(BROKEN_IP6_HEADER, BROKEN, "IPv6 header truncated or not version 6")                     \
	X(BROKEN_IP6_LENGTH, BROKEN, "IPv6 payload length beyond the frame")                       \
	X(BROKEN_IP6_EXTENSION, BROKEN, "IPv6 extension header truncated")                         \
	X(BROKEN_IP6_DEPTH, BROKEN, "more IPv6 extension headers than are followed")               \
	X(FRAGMENT, BROKEN, "a fragment: ports unknown or payload in pieces")                      \
	X(BROKEN_TCP_HEADER, BROKEN, "TCP header truncated or its length wrong")                   \
	X(BROKEN_TCP_FLAGS, BROKEN, "TCP flags that no stack sends together")                      \
	X(BROKEN_UDP_HEADER, BROKEN, "UDP header truncated or its length wrong")                   \
	X(UNPROVEN, PASS, "no proven flow: counted nowhere else")                                  \
	X(OUT_OF_WINDOW, PASS, "segment outside the flow's window, changed nothing")               \
	X(OLD_SEGMENT, PASS, "retransmission or keep-alive, changed nothing")                      \
	X(GAP, PASS, "segment beyond a gap: flow resynchronised, nothing counted")                 \
	X(SYN_RECORDED, PASS, "SYN recorded")                                                      \
	X(SYN_GATED, PASS, "SYN not recorded: rate gate closed")                                   \
	X(FLOW_NEW, EVENT, "flow proven by its handshake")                                         \
	X(FLOW_PICKED_UP, EVENT, "flow picked up mid-stream")                                      \
	X(FLOW_CLOSED, EVENT, "flow closed by FIN or RST")                                         \
	X(FLOW_SWEPT, EVENT, "flow forgotten after silence")                                       \
	X(FLOWS_FULL, EVENT, "flow refused: map flows is full")                                    \
	X(SOURCES_FULL, EVENT, "source refused: map sources is full")                              \
	X(SOURCE_FLOWS, EVENT, "flow refused: its source holds too many")                          \
	X(NET_SOURCES, EVENT, "source refused: its network holds too many")                        \
	X(STACKS_FULL, EVENT, "stack not kept: map stacks is full")                                \
	X(EXCHANGE, EVENT, "exchange counted")                                                     \
	X(EXCHANGE_LOST, EVENT, "exchange record lost: ring exchanges is full")                    \
	X(SYNACK_SEEN, EVENT, "SYN-ACK of a service seen going out")                               \
	X(HIT_LOST, EVENT, "hit not counted: map hits is full")                                    \
	X(RESET_FAILED, EVENT, "RST could not be built: dropped instead")

enum weir_reason {
#define X(name, kind, text) WEIR_REASON_##name,
	WEIR_REASONS(X)
#undef X
	WEIR_REASON_MAX
};
