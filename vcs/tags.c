/* What a tag's name says: the version that it stands for, and the sum over the tags that a version was derived from. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/vcs_private.h"

/* The canonical version that text begins with; text may go on with build metadata. */
static bool version_of(struct slice text, struct slice *version_out)
{
	struct slice version = slice_sub(text, 0, text.len - semver_build(text).len);

	if (text.len > TAG_VERSION_MAX || !semver_valid(text) || !semver_is_canonical(version))
		return false;
	*version_out = version;
	return true;
}

/* Tags that look like pseudo-versions would confuse: they stand for nothing. */
bool vcs_tag_version(const struct session *session, const char *tag, struct slice *version_out, bool *exact_out)
{
	struct slice text = slice_of(tag), prefix = slice_of(session->at.tag_prefix);

	if (!slice_starts(text, prefix))
		return false;
	text = slice_after(text, prefix.len);
	if (pseudo_is(text) || !version_of(text, version_out))
		return false;
	*exact_out = version_out->len == text.len;
	return true;
}

/* Only names made of a prefix of ours and a version get here: none needs more quoting than the quotes. */
static void add_line(struct sha256_stream *stream, const struct ref *tag)
{
	char hash[VCS_COMMIT_MAX];

	git_oid_tostr(hash, sizeof(hash), &tag->target);
	sha256_add(stream, "\"", 1);
	sha256_add(stream, tag->name, strlen(tag->name));
	sha256_add(stream, "\" ", 2);
	sha256_add(stream, hash, strlen(hash));
	sha256_add(stream, "\n", 1);
}

int vcs_tag_sum(const struct session *session, const char *prefix, char out[VCS_SUM_MAX], struct err *err)
{
	struct sha256_stream *stream = sha256_open();
	const struct refs *refs = session->refs;
	struct buf text = BUF_INIT(VCS_SUM_MAX - 1);
	uint8_t digest[SHA256_BYTES];
	struct slice start = slice_of(prefix), version;
	ptrdiff_t slash = slice_last_index(start, '/');

	if (!stream)
		return vcs_no_memory(err, "sum the tags");
	for (size_t i = vcs_refs_tags_from(refs, start); i < refs->tags_count && slice_starts(slice_of(refs->tags[i].name), start); i++) {
		struct slice rest = slice_after(slice_of(refs->tags[i].name), (size_t)(slash + 1));

		if (!pseudo_is(rest) && version_of(rest, &version))
			add_line(stream, &refs->tags[i]);
	}
	sha256_digest(stream, digest);
	sha256_close(&stream);
	buf_add_text(&text, "t1:");
	base64_encode(slice_make(digest, sizeof(digest)), &text);
	if (!buf_failed(&text))
		memcpy(out, buf_text(&text), text.len + 1);
	buf_free(&text);
	return 0;
}
