/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which interfaces lie upon one another, from what rtnetlink says of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "edge/kernel/interfaces.h"

enum {
	LO = 1,
	ETH0,
	ETH1,
	BOND0,
	BOND_VLAN,
	ETH_VLAN,
	BRIDGE,
	VETH_A,
	VETH_B,
	TUNNEL,
	MACVLAN
};

static struct interface rows[] = {
	{ .name = "lo", .index = LO, .type = ARPHRD_LOOPBACK },
	{ .name = "eth0", .index = ETH0, .master = BOND0, .type = ARPHRD_ETHER },
	{ .name = "eth1", .index = ETH1, .type = ARPHRD_ETHER },
	{ .name = "bond0", .kind = "bond", .index = BOND0, .type = ARPHRD_ETHER },
	{ .name = "bond0.7",
	  .kind = "vlan",
	  .index = BOND_VLAN,
	  .lower = BOND0,
	  .type = ARPHRD_ETHER },
	{ .name = "eth1.9",
	  .kind = "vlan",
	  .index = ETH_VLAN,
	  .lower = ETH1,
	  .type = ARPHRD_ETHER },
	{ .name = "br0", .kind = "bridge", .index = BRIDGE, .type = ARPHRD_ETHER },
	{ .name = "va",
	  .kind = "veth",
	  .index = VETH_A,
	  .lower = VETH_B,
	  .master = BRIDGE,
	  .type = ARPHRD_ETHER },
	{ .name = "vb", .kind = "veth", .index = VETH_B, .lower = VETH_A, .type = ARPHRD_ETHER },
	{ .name = "gre1", .kind = "gre", .index = TUNNEL, .lower = ETH1, .type = ARPHRD_IPGRE },
	{ .name = "mv0", .kind = "macvlan", .index = MACVLAN, .lower = ETH1, .type = ARPHRD_ETHER },
};
static const struct interfaces all = { .rows = rows, .count = sizeof(rows) / sizeof(rows[0]) };

static int are_stacked(const char *a, const char *b)
{
	const struct interface *first = interfaces_find(&all, a);
	const struct interface *second = interfaces_find(&all, b);

	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal(interfaces_are_stacked(&all, first, second),
			 interfaces_are_stacked(&all, second, first));
	return interfaces_are_stacked(&all, first, second);
}

static void a_bond_lies_upon_its_members(void **state)
{
	(void)state;
	assert_true(are_stacked("bond0", "eth0"));
	assert_false(are_stacked("bond0", "eth1"));
}

static void a_vlan_lies_upon_all_that_is_below_it(void **state)
{
	(void)state;
	assert_true(are_stacked("bond0.7", "bond0"));
	assert_true(are_stacked("bond0.7", "eth0"));
	assert_true(are_stacked("eth1.9", "eth1"));
	assert_true(are_stacked("mv0", "eth1"));
}

static void neighbours_upon_the_same_device_are_not_stacked(void **state)
{
	(void)state;
	assert_false(are_stacked("eth1.9", "mv0"));
	assert_false(are_stacked("eth1.9", "bond0.7"));
}

static void a_bridge_lies_upon_its_port_but_not_upon_the_port_s_peer(void **state)
{
	(void)state;
	assert_true(are_stacked("br0", "va"));
	assert_false(are_stacked("br0", "vb"));
	assert_false(are_stacked("va", "vb"));
}

static void a_tunnel_hides_its_packets_from_the_device_below(void **state)
{
	(void)state;
	assert_false(are_stacked("gre1", "eth1"));
}

static void a_ring_of_masters_ends(void **state)
{
	struct interface ring[] = {
		{ .name = "a", .index = 1, .master = 2 },
		{ .name = "b", .index = 2, .master = 1 },
		{ .name = "c", .index = 3 },
	};
	struct interfaces interfaces = { .rows = ring, .count = 3 };

	(void)state;
	assert_true(interfaces_are_stacked(&interfaces, &ring[0], &ring[1]));
	assert_false(interfaces_are_stacked(&interfaces, &ring[0], &ring[2]));
}

static void only_ethernet_and_loopback_can_be_attached(void **state)
{
	(void)state;
	assert_true(interface_is_ethernet(interfaces_find(&all, "lo")));
	assert_true(interface_is_ethernet(interfaces_find(&all, "eth0")));
	assert_false(interface_is_ethernet(interfaces_find(&all, "gre1")));
}

/* A message as the kernel writes it. */
struct message {
	struct nlmsghdr header;
	struct ifinfomsg info;
	char attributes[256];
};

static struct rtattr *attribute_put(struct message *message, unsigned short type, const void *data,
				    unsigned short len)
{
	struct rtattr *attr =
		(struct rtattr *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	message->header.nlmsg_len =
		NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(attr->rta_len);
	return attr;
}

static struct message message_make(void)
{
	struct message message = {
		.header = { .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)) },
		.info = { .ifi_index = 7, .ifi_type = ARPHRD_ETHER },
	};
	unsigned mtu_bytes = 9000;
	int lower = 3;
	char kind[] = "\x09\x00\x01\x00vlan"; /* a nested IFLA_INFO_KIND */

	attribute_put(&message, IFLA_IFNAME, "eth0.100", sizeof("eth0.100"));
	attribute_put(&message, IFLA_MTU, &mtu_bytes, sizeof(mtu_bytes));
	attribute_put(&message, IFLA_LINK, &lower, sizeof(lower));
	attribute_put(&message, IFLA_LINKINFO, kind, sizeof(kind));
	return message;
}

static void a_link_message_becomes_a_row(void **state)
{
	struct message message = message_make();
	struct interfaces interfaces = { 0 };

	(void)state;
	assert_int_equal(interfaces_add_message(&interfaces, &message, sizeof(message)), 0);
	assert_int_equal(interfaces.count, 1);
	assert_string_equal(interfaces.rows[0].name, "eth0.100");
	assert_string_equal(interfaces.rows[0].kind, "vlan");
	assert_int_equal(interfaces.rows[0].index, 7);
	assert_int_equal(interfaces.rows[0].lower, 3);
	assert_int_equal(interfaces.rows[0].mtu_bytes, 9000);
	interfaces_clear(&interfaces);
}

static void a_lower_device_in_another_namespace_is_none(void **state)
{
	struct message message = message_make();
	struct interfaces interfaces = { 0 };
	int namespace = 0;

	(void)state;
	attribute_put(&message, IFLA_LINK_NETNSID, &namespace, sizeof(namespace));
	assert_int_equal(interfaces_add_message(&interfaces, &message, sizeof(message)), 0);
	assert_int_equal(interfaces.rows[0].lower, 0);
	interfaces_clear(&interfaces);
}

static void a_message_cut_short_adds_nothing(void **state)
{
	struct message message = message_make();
	struct interfaces interfaces = { 0 };

	(void)state;
	for (size_t len = 0; len < message.header.nlmsg_len; len++)
		assert_int_equal(interfaces_add_message(&interfaces, &message, len), 0);
	assert_int_equal(interfaces.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bond_lies_upon_its_members),
		cmocka_unit_test(a_vlan_lies_upon_all_that_is_below_it),
		cmocka_unit_test(neighbours_upon_the_same_device_are_not_stacked),
		cmocka_unit_test(a_bridge_lies_upon_its_port_but_not_upon_the_port_s_peer),
		cmocka_unit_test(a_tunnel_hides_its_packets_from_the_device_below),
		cmocka_unit_test(a_ring_of_masters_ends),
		cmocka_unit_test(only_ethernet_and_loopback_can_be_attached),
		cmocka_unit_test(a_link_message_becomes_a_row),
		cmocka_unit_test(a_lower_device_in_another_namespace_is_none),
		cmocka_unit_test(a_message_cut_short_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
