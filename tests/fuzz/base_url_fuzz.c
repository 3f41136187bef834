/* URLs: the parts that are read make up the whole URL. */
#include <stdlib.h>

#include "base/url.h"
#include "tests/fuzz/fuzz.h"

static void check_parts(const char *text, const struct url *url)
{
	bool bracket = slice_index(url->host, ':') >= 0;
	struct buf whole = BUF_INIT(strlen(text) + 8);
	long long port;

	buf_printf(&whole, "%.*s://%.*s%s", SLICE_ARG(url->scheme), SLICE_ARG(url->user), url->user.len > 0 ? "@" : "");
	buf_printf(&whole, "%s%.*s%s", bracket ? "[" : "", SLICE_ARG(url->host), bracket ? "]" : "");
	if (url->port.len > 0) {
		ASSERT(url_port(url->port, &port) && port >= 0 && port <= 65535);
		buf_printf(&whole, ":%.*s", SLICE_ARG(url->port));
	}
	ASSERT(slice_equal(url_origin(text), buf_slice(&whole)));
	buf_add_slice(&whole, url->path);
	ASSERT(url->scheme.len > 0 && url->host.len > 0 && slice_equal_text(buf_slice(&whole), text));
	buf_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = slice_dup(slice_make(bytes, len));
	struct err err = ERR_INIT;
	struct url url;

	if (text == NULL)
		return 0;
	if (url_parse(text, &url, &err) == 0)
		check_parts(text, &url);
	else
		ASSERT(err.text[0] != '\0');
	free(text);
	return 0;
}
