/* YAML: the tree that comes of any bytes keeps the limits, tells its lines, and has each key of a mapping once. */
#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

static size_t check_node(const struct yaml_node *node, unsigned depth, size_t lines)
{
	size_t children = 0, all = 1;

	ASSERT(depth <= YAML_DEPTH_MAX && node->line >= 1 && node->line <= lines);
	ASSERT((node->type == YAML_SCALAR) == (node->text != NULL) && (node->type != YAML_SCALAR || node->first == NULL));
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		ASSERT((child->key != NULL) == (node->type == YAML_MAPPING));
		if (child->key != NULL)
			ASSERT(yaml_get(node, child->key) == child && child->key_line >= 1 && child->key_line <= child->line);
		all += check_node(child, depth + 1, lines);
		children++;
	}
	ASSERT(children == node->count);
	return all;
}

/* At most so many lines: YAML 1.1 ends one at CR, LF, NEL, LS and PS. */
static size_t lines_at_most(struct slice text)
{
	size_t lines = 2;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n' || text.ptr[i] == '\r' || (text.ptr[i] & 0x80) != 0;
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = slice_make(bytes, len);
	struct yaml_document *document = NULL;
	struct err err = ERR_INIT;

	if (yaml_parse("f.yaml", text, &document, &err) == 0)
		ASSERT(check_node(yaml_root(document), 1, lines_at_most(text)) <= YAML_NODES_MAX);
	else
		ASSERT(document == NULL && slice_starts(slice_of(err.text), SLICE("f.yaml:")));
	yaml_close(&document);
	return 0;
}
