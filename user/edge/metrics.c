/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The daemon's status into Prometheus text. */

#include "edge/metrics.h"

#define NS_PER_S 1e9

static void head_write(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Label values may hold anything but a quote, a backslash and a line end (the format's rule). */
static void label_write(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		fputc(*value == '\n' ? ' ' : *value, out);
	}
}

static void sample_write(FILE *out, const char *name, const char *label, const char *value,
			 double number)
{
	fputs(name, out);
	if (label) {
		fprintf(out, "{%s=\"", label);
		label_write(out, value);
		fputs("\"}", out);
	}
	fprintf(out, " %.15g\n", number);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* One sample for each row of an array. */
static void rows_write(FILE *out, const char *name, const json_t *rows, const char *label,
		       const char *figure)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		sample_write(out, name, label, text_of(row, label), number_of(row, figure));
	}
}

/* One sample for each key of an object. */
static void keys_write(FILE *out, const char *name, const json_t *object, const char *label)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		sample_write(out, name, label, key, json_number_value(value));
	}
}

static void packets_write(FILE *out, const json_t *status)
{
	const json_t *reasons = json_object_get(status, "reasons");
	const json_t *row;
	size_t i;

	head_write(out, "weir_packets_total", "counter", "packets by the reason they ended under");
	json_array_foreach(reasons, i, row) {
		sample_write(out, "weir_packets_total", "reason", text_of(row, "name"),
			     number_of(row, "packets"));
	}
	head_write(out, "weir_packet_bytes_total", "counter", "their bytes");
	json_array_foreach(reasons, i, row) {
		sample_write(out, "weir_packet_bytes_total", "reason", text_of(row, "name"),
			     number_of(row, "bytes"));
	}
}

static void engine_write(FILE *out, const json_t *engine)
{
	head_write(out, "weir_exchanges_total", "counter", "exchanges the engine has counted");
	sample_write(out, "weir_exchanges_total", NULL, NULL, number_of(engine, "exchanges"));
	head_write(out, "weir_engine_sources", "gauge", "sources with a profile in memory");
	sample_write(out, "weir_engine_sources", NULL, NULL, number_of(engine, "sources"));
	head_write(out, "weir_ticks_total", "counter", "ticks of the engine");
	sample_write(out, "weir_ticks_total", NULL, NULL, number_of(engine, "ticks"));
	head_write(out, "weir_tick_seconds", "gauge", "how long the last tick took");
	sample_write(out, "weir_tick_seconds", NULL, NULL,
		     number_of(engine, "tick_took_ns") / NS_PER_S);
}

void metrics_write(FILE *out, const json_t *status)
{
	head_write(out, "weir_info", "gauge", "version of the running daemon");
	sample_write(out, "weir_info", "version", text_of(status, "version"), 1);
	head_write(out, "weir_up_seconds", "gauge", "time since the daemon started");
	sample_write(out, "weir_up_seconds", NULL, NULL, number_of(status, "uptime_ns") / NS_PER_S);
	head_write(out, "weir_mode", "gauge", "1 for the mode in force");
	sample_write(out, "weir_mode", "mode", text_of(status, "mode"), 1);
	head_write(out, "weir_is_well", "gauge", "0 when `weir status` names a problem");
	sample_write(out, "weir_is_well", NULL, NULL,
		     json_is_true(json_object_get(status, "is_well")));
	packets_write(out, status);
	head_write(out, "weir_map_entries", "gauge", "entries of a map");
	rows_write(out, "weir_map_entries", json_object_get(status, "maps"), "map", "used");
	head_write(out, "weir_map_entries_max", "gauge", "its room");
	rows_write(out, "weir_map_entries_max", json_object_get(status, "maps"), "map", "max");
	head_write(out, "weir_fleets", "gauge", "active fleets by level");
	keys_write(out, "weir_fleets", json_object_get(status, "fleets"), "level");
	head_write(out, "weir_rules", "gauge", "rules by origin");
	keys_write(out, "weir_rules", json_object_get(status, "rules"), "origin");
	engine_write(out, json_object_get(status, "engine"));
}
