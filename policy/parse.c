/* policy.yaml, the file: its three keys and the lists they share with rules. */
#include "policy/policy_private.h"

#include <string.h>

int policy_parse_memory(struct policy_parser *parser)
{
	return err_set(parser->err, POLICY_ERR, "cannot read %s: out of memory", yaml_name(parser->document));
}

static const char *type_word(const struct yaml_node *node)
{
	switch (node->type) {
	case YAML_SCALAR:
		return "a text";
	case YAML_SEQUENCE:
		return "a list";
	case YAML_MAPPING:
		return "a mapping";
	}
	return "";
}

static bool says_nothing(const struct yaml_node *node)
{
	return node->text[0] == '\0' || (node->plain && (strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0));
}

int policy_parse_text(struct policy_parser *parser, const struct yaml_node *node, const char *what, size_t bytes_max, const char **text_out)
{
	const char *text;

	if (node->type != YAML_SCALAR)
		return yaml_error(parser->document, node->line, parser->err, "%s%s is %s; a text was expected", parser->where, what, type_word(node));
	if (says_nothing(node))
		return yaml_error(parser->document, node->line, parser->err, "%s%s is empty; a text was expected", parser->where, what);
	if (strlen(node->text) > bytes_max)
		return yaml_error(parser->document, node->line, parser->err, "%s%s is too long; at most %zu bytes were expected", parser->where, what,
			bytes_max);
	if (!policy_is_printable(slice_of(node->text)))
		return yaml_error(parser->document, node->line, parser->err,
			"%s%s holds a character that cannot be shown; one printable line was expected", parser->where, what);
	text = arena_text(parser->arena, slice_of(node->text));
	if (text == NULL)
		return policy_parse_memory(parser);
	*text_out = text;
	return 0;
}

int policy_parse_list(struct policy_parser *parser, const struct yaml_node *node, const char *what, size_t max, const char *consequence)
{
	if (node->type != YAML_SEQUENCE)
		return yaml_error(parser->document, node->line, parser->err, "%s%s is %s; a list was expected", parser->where, what, type_word(node));
	if (node->count == 0 && consequence != NULL)
		return yaml_error(parser->document, node->line, parser->err,
			"%s%s is an empty list, which %s; name at least one or leave the key out", parser->where, what, consequence);
	if (node->count > max)
		return yaml_error(parser->document, node->line, parser->err, "%s%s has %zu entries; at most %zu were expected", parser->where, what,
			node->count, max);
	return 0;
}

static int parse_pattern(struct policy_parser *parser, const struct yaml_node *node, const char *what, struct pattern *pattern)
{
	struct err why = ERR_INIT;
	const char *text = NULL;
	int code = policy_parse_text(parser, node, what, POLICY_TEXT_MAX * 8, &text);

	if (code < 0)
		return code;
	if (policy_pattern_check(slice_of(text), &why) < 0)
		return yaml_error(parser->document, node->line, parser->err,
			"%s%s: \"%.100s\" is no module pattern: %s; a pattern like git.corp.example/team was expected", parser->where, what, text,
			why.text);
	policy_pattern_init(pattern, slice_of(text));
	return 0;
}

int policy_parse_patterns(
	struct policy_parser *parser, const struct yaml_node *node, const char *what, bool may_be_empty, struct pattern_list *list_out)
{
	int code = policy_parse_list(parser, node, what, POLICY_PATTERNS_MAX, may_be_empty ? NULL : "matches no module");
	struct pattern *patterns;
	size_t count = 0;

	if (code < 0)
		return code;
	patterns = arena_alloc(parser->arena, (node->count + 1) * sizeof(*patterns));
	if (patterns == NULL)
		return policy_parse_memory(parser);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		code = parse_pattern(parser, child, what, &patterns[count]);
		if (code < 0)
			return code;
		count++;
	}
	list_out->items = patterns;
	list_out->count = count;
	return 0;
}

static int parse_key(struct policy_parser *parser, const struct yaml_node *node, struct policy *policy)
{
	if (strcmp(node->key, "private") == 0)
		return policy_parse_patterns(parser, node, "private", true, &policy->private_patterns);
	if (strcmp(node->key, "nosumdb") == 0)
		return policy_parse_patterns(parser, node, "nosumdb", true, &policy->nosumdb);
	if (strcmp(node->key, "rules") == 0)
		return policy_parse_rules(parser, node, policy);
	return yaml_error(parser->document, node->key_line, parser->err, "unknown key %.100s; private, nosumdb or rules was expected", node->key);
}

int policy_parse(const struct yaml_document *document, struct policy *policy, struct err *err)
{
	struct policy_parser parser = { .document = document, .arena = policy->arena, .where = "", .err = err };
	const struct yaml_node *root = yaml_root(document);

	if (root->type != YAML_MAPPING)
		return yaml_error(
			document, root->line, err, "the file is %s; a mapping with private, nosumdb and rules was expected", type_word(root));
	for (const struct yaml_node *node = root->first; node != NULL; node = node->next) {
		int code = parse_key(&parser, node, policy);

		if (code < 0)
			return code;
	}
	if (yaml_get(root, "rules") == NULL)
		return yaml_error(document, root->line, err, "there are no rules; the key rules was expected (an empty list denies everything)");
	return 0;
}
