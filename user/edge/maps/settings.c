/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the configuration into the maps settings, services, ports and prefixes6. */

#include "edge/maps.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>
#include <weir/bounds.h>

#include "edge/log.h"
#include "edge/maps/cursor.h"

#define BITS_PER_WORD 64

int maps_set(const struct maps *maps, enum weir_setting setting, uint64_t value)
{
	uint32_t key = setting;

	return bpf_map_update_elem(maps->settings, &key, &value, BPF_ANY) == 0 ? 0 : -errno;
}

int maps_get(const struct maps *maps, enum weir_setting setting, uint64_t *value)
{
	uint32_t key = setting;
	uint64_t found;

	if (bpf_map_lookup_elem(maps->settings, &key, &found) != 0)
		return -errno;
	*value = found;
	return 0;
}

int maps_write_meta(const struct maps *maps, const struct weir_meta *meta)
{
	uint32_t key = 0;

	return bpf_map_update_elem(maps->meta, &key, meta, BPF_ANY) == 0 ? 0 : -errno;
}

int maps_read_meta(int meta_fd, struct weir_meta *meta)
{
	struct weir_meta found;
	uint32_t key = 0;

	if (bpf_map_lookup_elem(meta_fd, &key, &found) != 0)
		return -errno;
	*meta = found;
	return 0;
}

static bool addr_is_any(const uint8_t addr[16])
{
	static const uint8_t any[16];

	return memcmp(addr, any, sizeof(any)) == 0;
}

static bool any_is_served(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++)
		if (addr_is_any(config->services[i].addr))
			return true;
	return false;
}

static uint64_t sources_per_net(const struct config *config)
{
	double share = config->net_sources_share * config->sources_max;

	return share < 1 ? 1 : (uint64_t)share;
}

/* All but the mode, which has its own life. */
static int settings_write(const struct maps *maps, const struct config *config)
{
	const struct {
		enum weir_setting setting;
		uint64_t value;
	} rows[] = {
		{ WEIR_SETTING_HASH_KEY0, maps->hash_key[0] },
		{ WEIR_SETTING_HASH_KEY1, maps->hash_key[1] },
		{ WEIR_SETTING_PERSIST, config->is_persistent },
		{ WEIR_SETTING_SOURCE_PREFIX6, config->source_prefix6 },
		{ WEIR_SETTING_SOURCE_PREFIXES6, config->source_prefix6_count > 0 },
		{ WEIR_SETTING_SILENCE_NS, config->silence_ns },
		{ WEIR_SETTING_FLOW_IDLE_NS, config->flow_idle_ns },
		{ WEIR_SETTING_SYN_GATE_PER_S, config->syn_gate_per_s },
		{ WEIR_SETTING_FLOWS_PER_SOURCE, config->flows_per_source_max },
		{ WEIR_SETTING_SOURCES_PER_NET, sources_per_net(config) },
		{ WEIR_SETTING_SERVICE_ANY, any_is_served(config) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = maps_set(maps, rows[i].setting, rows[i].value);

		if (err)
			return err;
	}
	return 0;
}

static struct weir_service_key service_key(const struct service *service, bool is_any_port)
{
	struct weir_service_key key = { 0 };

	memcpy(key.addr, service->addr, sizeof(key.addr));
	if (!is_any_port) {
		key.port = service->port;
		key.protocol = service->protocol;
	}
	return key;
}

static bool service_is_configured(const struct config *config, const struct weir_service_key *key)
{
	for (size_t i = 0; i < config->service_count; i++) {
		struct weir_service_key exact = service_key(&config->services[i], false);
		struct weir_service_key any = service_key(&config->services[i], true);

		if (memcmp(&exact, key, sizeof(exact)) == 0 || memcmp(&any, key, sizeof(any)) == 0)
			return true;
	}
	return false;
}

struct configured {
	const struct maps *maps;
	const struct config *config;
};

static int service_retire(const void *key, const void *value, void *arg)
{
	const struct configured *configured = arg;

	(void)value;
	if (service_is_configured(configured->config, key))
		return 0;
	return bpf_map_delete_elem(configured->maps->services, key) == 0 || errno == ENOENT ?
		       0 :
		       -errno;
}

static int services_write(const struct maps *maps, const struct config *config)
{
	uint32_t value = 1;

	for (size_t i = 0; i < config->service_count; i++) {
		struct weir_service_key exact = service_key(&config->services[i], false);
		struct weir_service_key any = service_key(&config->services[i], true);

		if (bpf_map_update_elem(maps->services, &exact, &value, BPF_ANY) != 0 ||
		    bpf_map_update_elem(maps->services, &any, &value, BPF_ANY) != 0)
			return -errno;
	}
	return 0;
}

/* Words change one at a time, each at once: a port that stays is never missing. */
static int ports_write(const struct maps *maps, const struct config *config, bool is_exact)
{
	uint64_t words[(UINT16_MAX + 1) / BITS_PER_WORD] = { 0 };

	for (size_t i = 0; i < config->service_count; i++) {
		uint16_t port = config->services[i].port;

		words[port / BITS_PER_WORD] |= 1ULL << port % BITS_PER_WORD;
	}
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint64_t word;

		if (bpf_map_lookup_elem(maps->ports, &i, &word) != 0)
			return -errno;
		if (!is_exact)
			words[i] |= word;
		if (words[i] != word && bpf_map_update_elem(maps->ports, &i, &words[i], BPF_ANY))
			return -errno;
	}
	return 0;
}

static struct weir_net6_key prefix6_key(const struct source_prefix6 *prefix)
{
	struct weir_net6_key key = { .prefix_len = prefix->net.prefix_len };

	memcpy(key.addr, prefix->net.addr, sizeof(key.addr));
	return key;
}

static int prefix6_retire(const void *key, const void *value, void *arg)
{
	const struct configured *configured = arg;
	const struct config *config = configured->config;

	(void)value;
	for (size_t i = 0; i < config->source_prefix6_count; i++) {
		struct weir_net6_key wanted = prefix6_key(&config->source_prefixes6[i]);

		if (memcmp(&wanted, key, sizeof(wanted)) == 0)
			return 0;
	}
	return bpf_map_delete_elem(configured->maps->prefixes6, key) == 0 || errno == ENOENT ?
		       0 :
		       -errno;
}

static int prefixes6_write(const struct maps *maps, const struct config *config)
{
	for (size_t i = 0; i < config->source_prefix6_count; i++) {
		struct weir_net6_key key = prefix6_key(&config->source_prefixes6[i]);
		uint32_t len = config->source_prefixes6[i].source_prefix_len;

		if (bpf_map_update_elem(maps->prefixes6, &key, &len, BPF_ANY) != 0)
			return -errno;
	}
	return 0;
}

int maps_configure(const struct maps *maps, const struct config *config)
{
	struct configured configured = { .maps = maps, .config = config };
	int err = prefixes6_write(maps, config);

	if (!err)
		err = settings_write(maps, config);
	if (!err)
		err = services_write(maps, config);
	if (!err)
		err = ports_write(maps, config, false);
	/* All that is new is in force: what is old may go. */
	if (!err)
		err = ports_write(maps, config, true);
	if (!err)
		err = map_each(maps->services, service_retire, &configured);
	if (!err)
		err = map_each(maps->prefixes6, prefix6_retire, &configured);
	return err;
}
