/*
 * What git does to a file on its way out of the repository, with core.autocrlf=input and core.eol=lf: $Id$, line ends, encoding.
 * Source: gitattributes(5).
 */
#include <string.h>

#include "vcs/files_private.h"

bool vcs_conversion_needed(const struct conversion *conversion)
{
	return conversion->ident || conversion->eol != EOL_KEEP || conversion->encoding[0] != '\0';
}

/* How many bytes behind a '$' belong to a keyword that is to be replaced; 0 when it is none, or somebody else's. */
static size_t keyword_len(struct slice rest)
{
	ptrdiff_t end;
	struct slice inside;

	if (!slice_starts(rest, SLICE("Id")) || rest.len < 3)
		return 0;
	if (rest.ptr[2] == '$')
		return 3;
	if (rest.ptr[2] != ':')
		return 0;
	end = slice_index(slice_after(rest, 3), '$');
	if (end < 0)
		return 0;
	inside = slice_sub(rest, 3, 3 + (size_t)end);
	if (slice_index(inside, '\n') >= 0)
		return 0;
	/* "Id: words and more $" is another system's; one blank after the colon and one before the dollar are ours. */
	inside = slice_after(inside, 1);
	if (slice_index(inside, ' ') >= 0 && slice_index(inside, ' ') + 1 < (ptrdiff_t)inside.len)
		return 0;
	return 4 + (size_t)end;
}

/* An unended "$Id:" ends the search: what follows is copied as it is. */
static bool unended(struct slice rest)
{
	return slice_starts(rest, SLICE("Id:")) && slice_index(slice_after(rest, 3), '$') < 0;
}

void vcs_convert_ident(struct slice in, const git_oid *blob, struct spool *out)
{
	char id[VCS_COMMIT_MAX];
	ptrdiff_t dollar;

	git_oid_tostr(id, sizeof(id), blob);
	while ((dollar = slice_index(in, '$')) >= 0) {
		size_t len;

		vcs_spool_add(out, in.ptr, (size_t)dollar + 1);
		in = slice_after(in, (size_t)dollar + 1);
		if (unended(in))
			break;
		len = keyword_len(in);
		if (len == 0)
			continue;
		vcs_spool_add(out, "Id: ", 4);
		vcs_spool_add(out, id, strlen(id));
		vcs_spool_add(out, " $", 2);
		in = slice_after(in, len);
	}
	vcs_spool_add(out, in.ptr, in.len);
}

/* What a look at the bytes tells. */
struct census {
	size_t nul, lone_cr, lone_lf, crlf, printable, nonprintable;
};

static bool is_printable(unsigned char c)
{
	return c >= 32 ? c != 127 : c == '\b' || c == '\t' || c == '\f' || c == 033;
}

static struct census count(struct slice in)
{
	struct census census = { 0, 0, 0, 0, 0, 0 };

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.ptr[i];

		if (c == '\r' && i + 1 < in.len && in.ptr[i + 1] == '\n') {
			census.crlf++;
			i++;
		} else if (c == '\r') {
			census.lone_cr++;
		} else if (c == '\n') {
			census.lone_lf++;
		} else if (is_printable(c)) {
			census.printable++;
		} else {
			census.nonprintable++;
			census.nul += c == 0;
		}
	}
	if (in.len > 0 && in.ptr[in.len - 1] == 032)
		census.nonprintable--; /* the end-of-file mark of old systems */
	return census;
}

bool vcs_convert_eol_applies(struct slice in, bool automatic)
{
	struct census census = count(in);

	if (census.lone_lf == 0)
		return false;
	return !automatic || !(census.crlf || census.lone_cr || census.nul || census.printable / 128 < census.nonprintable);
}

void vcs_convert_eol(struct slice in, struct spool *out)
{
	char before = '\0';
	ptrdiff_t lf;

	while ((lf = slice_index(in, '\n')) >= 0) {
		vcs_spool_add(out, in.ptr, (size_t)lf);
		if ((lf > 0 ? in.ptr[lf - 1] : before) != '\r')
			vcs_spool_add(out, "\r", 1);
		vcs_spool_add(out, "\n", 1);
		before = '\n';
		in = slice_after(in, (size_t)lf + 1);
	}
	vcs_spool_add(out, in.ptr, in.len);
}

/* One step's result takes the place of its input. */
static int step(struct content *content, struct spool *spool, struct err *err)
{
	struct content next = CONTENT_INIT;
	int code = vcs_spool_finish(spool, &next, err);

	vcs_content_free(content);
	*content = next;
	return code;
}

static int ident(const struct vcs *vcs, struct content *content, const git_oid *blob, struct err *err)
{
	struct spool spool;

	vcs_spool_init(&spool, vcs->mirrors, MODULE_ZIP_BYTES_MAX);
	vcs_convert_ident(content->bytes, blob, &spool);
	return step(content, &spool, err);
}

static int eol(const struct vcs *vcs, struct content *content, bool automatic, struct err *err)
{
	struct spool spool;

	if (!vcs_convert_eol_applies(content->bytes, automatic))
		return 0;
	vcs_spool_init(&spool, vcs->mirrors, MODULE_ZIP_BYTES_MAX);
	vcs_convert_eol(content->bytes, &spool);
	return step(content, &spool, err);
}

static int encoding(const struct vcs *vcs, struct content *content, const char *name, struct err *err)
{
	struct spool spool;

	vcs_spool_init(&spool, vcs->mirrors, MODULE_ZIP_BYTES_MAX);
	if (vcs_convert_encoding(content->bytes, name, &spool))
		return step(content, &spool, err);
	vcs_spool_free(&spool);
	return 0;
}

int vcs_convert(
	const struct vcs *vcs, const struct conversion *conversion, const git_oid *blob, struct content *in, struct content *out, struct err *err)
{
	struct content content = *in;
	int code = 0;

	*in = CONTENT_INIT;
	if (conversion->ident)
		code = ident(vcs, &content, blob, err);
	if (code == 0 && conversion->eol != EOL_KEEP)
		code = eol(vcs, &content, conversion->eol == EOL_CRLF_AUTO, err);
	if (code == 0 && conversion->encoding[0] != '\0' && content.bytes.len > 0)
		code = encoding(vcs, &content, conversion->encoding, err);
	if (code < 0)
		vcs_content_free(&content);
	else
		*out = content;
	return code;
}
