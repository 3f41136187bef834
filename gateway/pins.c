/* modgate pin list and show: what is pinned, from the catalogue as it lies on disk, also while a daemon writes it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/gateway.h"
#include "module/path.h"
#include "supply/supply.h"

#define ROW_BYTES_MAX (64 * 1024)

struct told {
	const struct gateway_pins *asked;
	int (*sink)(void *ctx, struct slice text, struct err *err);
	void *ctx;
	struct buf row; /* the pin that is being told */
	struct buf module, version;
	struct json_writer json;
	bool open; /* a row was begun, and may have more that was found instead */
	size_t count;
};

static const char *word_of(enum supply_proof proof)
{
	static const char *const words[] = {
		[SUPPLY_PROOF_NONE] = "none",
		[SUPPLY_PROOF_SUMDB] = "sumdb",
		[SUPPLY_PROOF_PIN] = "pin",
		[SUPPLY_PROOF_EXEMPT] = "exempt",
	};
	return words[proof];
}

static void begin_json(struct told *told, const struct supply_pin *pin, const char *time)
{
	struct json_writer *json = &told->json;
	buf_add_text(&told->row, told->count == 0 ? "[" : ",\n");
	json_writer_init(json, &told->row);
	json_object_begin(json, NULL);
	json_write_text(json, "module", pin->module);
	json_write_text(json, "version", pin->version);
	json_write_text(json, "commit", slice_of(pin->commit));
	json_write_text(json, "h1", slice_of(pin->h1));
	json_write_text(json, "go_mod_h1", slice_of(pin->mod_h1));
	json_write_text(json, "proof", slice_of(word_of(pin->proof)));
	json_write_text(json, "go_mod_proof", slice_of(word_of(pin->mod_proof)));
	json_write_bool(json, "private", pin->is_private);
	json_write_text(json, "first_seen", slice_of(time));
	json_array_begin(json, "moves");
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void begin_text(struct told *told, const struct supply_pin *pin, const char *time)
{
	struct buf *out = &told->row;
	if (!told->asked->whole) {
		if (told->count == 0)
			buf_printf(out, "%-10s  %-12s  %-5s  %-47s  %s\n", "FIRST SEEN", "COMMIT", "MOVED", "H1", "MODULE@VERSION");
		buf_printf(out, "%.10s  %-12.12s  %-5s  %-47s  %.*s@%.*s\n", time, or_dash(pin->commit), pin->moved_us != 0 ? "yes" : "-",
			or_dash(pin->h1), SLICE_ARG(pin->module), SLICE_ARG(pin->version));
		return;
	}
	buf_printf(out, "%s%.*s@%.*s\n", told->count == 0 ? "" : "\n", SLICE_ARG(pin->module), SLICE_ARG(pin->version));
	buf_printf(out, "  commit      %s\n  h1          %s (%s)\n", or_dash(pin->commit), or_dash(pin->h1), word_of(pin->proof));
	buf_printf(out, "  go.mod h1   %s (%s)\n  first seen  %s\n", or_dash(pin->mod_h1), word_of(pin->mod_proof), time);
}

static int end_row(struct told *told, struct err *err)
{
	if (!told->open)
		return 0;
	told->open = false;
	told->count++;
	if (told->asked->json) {
		json_array_end(&told->json);
		json_object_end(&told->json);
	}
	int code = buf_failed(&told->row) ? err_set(err, GATEWAY_ERR, "memory is short") : told->sink(told->ctx, buf_slice(&told->row), err);
	buf_reset(&told->row);
	return code;
}

static int begin_row(struct told *told, const struct supply_pin *pin, struct err *err)
{
	char time[CLOCK_TEXT_MAX];
	int code = end_row(told, err);
	if (code != 0)
		return code;
	clock_format_s(pin->first_seen_us / 1000000, time);
	buf_reset(&told->module);
	buf_reset(&told->version);
	buf_add_slice(&told->module, pin->module);
	buf_add_slice(&told->version, pin->version);
	told->open = true;
	(told->asked->json ? begin_json : begin_text)(told, pin, time);
	return 0;
}

static void tell_move(struct told *told, const struct supply_pin *pin)
{
	char time[CLOCK_TEXT_MAX];
	clock_format_s(pin->moved_us / 1000000, time);
	if (told->asked->json) {
		json_object_begin(&told->json, NULL);
		json_write_text(&told->json, "time", slice_of(time));
		json_write_text(&told->json, "what", slice_of(pin->fact));
		json_write_text(&told->json, "found", pin->found.len > 0 ? pin->found : SLICE(""));
		json_object_end(&told->json);
		return;
	}
	if (!told->asked->whole)
		return;
	bool back = slice_equal_text(pin->found, pin->commit);
	buf_printf(&told->row, "  found       %.*s (%s, %s)%s\n", SLICE_ARG(pin->found.len > 0 ? pin->found : SLICE("none")), pin->fact, time,
		back ? ", as pinned again" : ", which is not served");
}

/* The same version comes once for each time that another was found instead. */
static int tell(void *ctx, const struct supply_pin *pin, struct err *err)
{
	struct told *told = ctx;
	bool same = told->open && slice_equal(pin->module, buf_slice(&told->module)) && slice_equal(pin->version, buf_slice(&told->version));
	if (told->asked->moved && pin->moved_us == 0)
		return 0;
	int code = same ? 0 : begin_row(told, pin, err);
	if (code == 0 && pin->moved_us != 0)
		tell_move(told, pin);
	return code;
}

static int split(const char *text, struct slice *module_out, struct slice *version_out, struct err *err)
{
	*module_out = *version_out = SLICE_NONE;
	if (text == NULL)
		return 0;
	if (!slice_cut(slice_of(text), '@', module_out, version_out)) {
		*module_out = slice_of(text);
		*version_out = SLICE_NONE;
	}
	if (module_path_check(*module_out, err) != 0)
		return err_prepend(err, GATEWAY_ERR_INVALID, "%s", text);
	return version_out->ptr != NULL && version_out->len == 0 ? err_set(err, GATEWAY_ERR_INVALID, "%s: a version was expected after @", text) : 0;
}

int gateway_pins(const struct settings *settings, const struct gateway_pins *asked, int (*sink)(void *ctx, struct slice text, struct err *err),
	void *ctx, struct err *err)
{
	struct told told = { .asked = asked,
		.sink = sink,
		.ctx = ctx,
		.row = BUF_INIT(ROW_BYTES_MAX),
		.module = BUF_INIT(ROW_BYTES_MAX),
		.version = BUF_INIT(ROW_BYTES_MAX) };
	struct slice module, version;
	int code = split(asked->module, &module, &version, err);
	if (code == 0)
		code = supply_pins_read(settings->data, module, asked->below, version, tell, &told, err) == 0 ? 0 : GATEWAY_ERR;
	if (code == 0)
		code = end_row(&told, err);
	if (code == 0 && asked->json)
		code = sink(ctx, told.count == 0 ? SLICE("[]\n") : SLICE("]\n"), err);
	if (code == 0 && told.count == 0 && asked->module != NULL)
		code = err_set(err, GATEWAY_ERR_NO,
			asked->moved ? "nothing of %s has moved" : "nothing of %s is pinned; a version is when it is first served", asked->module);
	buf_free(&told.row);
	buf_free(&told.module);
	buf_free(&told.version);
	return code;
}
