/* One rule of policy.yaml: a table of its keys, each with its reader, and the keys that later versions bring. */
#include "policy/policy_private.h"

#include <stdio.h>
#include <string.h>

typedef int rule_reader(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule);

static bool is_name(const char *text)
{
	for (; *text != '\0'; text++) {
		bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9');

		if (!letter && strchr("._-", *text) == NULL)
			return false;
	}
	return true;
}

static int read_name(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	int code = policy_parse_text(parser, node, "name", POLICY_NAME_MAX, &rule->name);

	if (code == 0 && !is_name(rule->name))
		return yaml_error(parser->document, node->line, parser->err,
			"the rule's name \"%s\" cannot be used; letters, digits and . _ - were expected", rule->name);
	return code;
}

static int read_verdict(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	const char *word = NULL;
	int code = policy_parse_text(parser, node, "verdict", POLICY_TEXT_MAX, &word);

	if (code < 0)
		return code;
	if (strcmp(word, "report") == 0)
		return yaml_error(parser->document, node->line, parser->err,
			"%sthe verdict report is not in this version; allow or deny was expected", parser->where);
	if (strcmp(word, "allow") != 0 && strcmp(word, "deny") != 0)
		return yaml_error(
			parser->document, node->line, parser->err, "%sthe verdict %s is unknown; allow or deny was expected", parser->where, word);
	rule->verdict = strcmp(word, "allow") == 0 ? POLICY_ALLOW : POLICY_DENY;
	return 0;
}

static int read_reason(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	return policy_parse_text(parser, node, "reason", POLICY_TEXT_MAX, &rule->reason);
}

static int read_help(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	return policy_parse_text(parser, node, "help", POLICY_TEXT_MAX, &rule->help);
}

static int read_modules(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	return policy_parse_patterns(parser, node, "modules", false, &rule->modules);
}

static int read_words(struct policy_parser *parser, const struct yaml_node *node, const char *what, struct word_set *set)
{
	int code = policy_parse_list(parser, node, what, POLICY_WORDS_MAX, "matches nobody");

	if (code < 0)
		return code;
	set->words = arena_alloc(parser->arena, node->count * sizeof(*set->words));
	if (set->words == NULL)
		return policy_parse_memory(parser);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		code = policy_parse_text(parser, child, what, POLICY_WORD_MAX, &set->words[set->count]);
		if (code < 0)
			return code;
		set->count++;
	}
	policy_words_finish(set);
	return 0;
}

static int read_users(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	return read_words(parser, node, "users", &rule->users);
}

static int read_groups(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	return read_words(parser, node, "groups", &rule->groups);
}

static int read_methods(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	int code = policy_parse_list(parser, node, "methods", POLICY_METHODS, "matches nobody");

	for (const struct yaml_node *child = node->first; code == 0 && child != NULL; child = child->next) {
		const char *word = NULL;
		unsigned bit;

		code = policy_parse_text(parser, child, "methods", POLICY_TEXT_MAX, &word);
		if (code < 0)
			return code;
		bit = policy_method_bit(slice_of(word));
		if (bit == 0)
			return yaml_error(parser->document, child->line, parser->err,
				"%sthe method %s is unknown; ldap, jwt, token or anonymous was expected", parser->where, word);
		rule->methods |= bit;
	}
	return code;
}

static int read_private(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	bool yes = node->type == YAML_SCALAR && node->plain && strcmp(node->text, "true") == 0;
	bool no = node->type == YAML_SCALAR && node->plain && strcmp(node->text, "false") == 0;

	if (!yes && !no)
		return yaml_error(
			parser->document, node->line, parser->err, "%sprivate is neither true nor false; true or false was expected", parser->where);
	rule->is_private = yes ? PRIVATE_YES : PRIVATE_NO;
	return 0;
}

static int read_range(struct policy_parser *parser, const struct yaml_node *node, struct range *range)
{
	struct err why = ERR_INIT;
	const char *text = NULL;
	int code = policy_parse_text(parser, node, "versions", POLICY_TEXT_MAX * 8, &text);

	if (code < 0)
		return code;
	code = policy_range_parse(parser->arena, text, range, &why);
	if (code == POLICY_ERR_INVALID)
		return yaml_error(parser->document, node->line, parser->err, "%sversions: %s; comparisons like \">=1.2.0 <1.2.5\" were expected",
			parser->where, why.text);
	return code < 0 ? policy_parse_memory(parser) : 0;
}

static int read_versions(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	bool one = node->type == YAML_SCALAR;
	int code = one ? 0 : policy_parse_list(parser, node, "versions", POLICY_RANGES_MAX, "matches no version");

	if (code < 0)
		return code;
	rule->ranges = arena_alloc(parser->arena, (one ? 1 : node->count) * sizeof(*rule->ranges));
	if (rule->ranges == NULL)
		return policy_parse_memory(parser);
	for (const struct yaml_node *child = one ? node : node->first; child != NULL; child = one ? NULL : child->next) {
		code = read_range(parser, child, &rule->ranges[rule->ranges_count]);
		if (code < 0)
			return code;
		rule->ranges_count++;
	}
	return 0;
}

static const struct {
	const char *key;
	rule_reader *read; /* NULL: a later version's */
} keys[] = { { "name", read_name }, { "verdict", read_verdict }, { "reason", read_reason }, { "help", read_help }, { "modules", read_modules },
	{ "versions", read_versions }, { "users", read_users }, { "groups", read_groups }, { "methods", read_methods }, { "private", read_private },
	{ "scopes", NULL }, { "addresses", NULL }, { "hours", NULL }, { "actions", NULL }, { "age_days", NULL }, { "vulnerable", NULL },
	{ "retracted", NULL }, { "unproved", NULL } };
#define KEYS          (sizeof(keys) / sizeof(keys[0]))
#define KEYS_EXPECTED "name, modules, versions, users, groups, methods, private, verdict, reason or help"

/* Its reader; NULL, once said, when this version knows no such key. */
static rule_reader *reader_of(struct policy_parser *parser, const struct yaml_node *node)
{
	size_t i = 0;

	while (i < KEYS && strcmp(node->key, keys[i].key) != 0)
		i++;
	if (i < KEYS && keys[i].read != NULL)
		return keys[i].read;
	yaml_error(parser->document, node->key_line, parser->err,
		i < KEYS ? "%sthe condition %.100s is not in this version; " KEYS_EXPECTED " was expected"
			 : "%sunknown key %.100s; " KEYS_EXPECTED " was expected",
		parser->where, node->key);
	return NULL;
}

/* The name first: every message about the rule says it. A key that nobody knows goes before one that is missing: it may be a slip of the pen. */
static int read_head(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	const struct yaml_node *name = yaml_get(node, "name");
	int code = name == NULL ? 0 : read_name(parser, name, rule);

	if (code < 0)
		return code;
	if (name != NULL)
		snprintf(parser->where, sizeof(parser->where), "rule %s: ", rule->name);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		if (reader_of(parser, child) == NULL)
			return BASE_ERR_INVALID;
	}
	if (name == NULL)
		return yaml_error(parser->document, node->line, parser->err,
			"a rule has no name; name was expected, it stands in the record of what it decides");
	if (yaml_get(node, "verdict") == NULL)
		return yaml_error(parser->document, node->line, parser->err, "%sit has no verdict; allow or deny was expected", parser->where);
	return 0;
}

static int read_rule(struct policy_parser *parser, const struct yaml_node *node, struct rule *rule)
{
	int code;

	if (node->type != YAML_MAPPING)
		return yaml_error(
			parser->document, node->line, parser->err, "a rule is a mapping like { name: public, modules: [\"*\"], verdict: allow }");
	*rule = (struct rule){ .line = node->line, .reason = "", .help = "" };
	code = read_head(parser, node, rule);
	for (const struct yaml_node *child = node->first; code == 0 && child != NULL; child = child->next)
		code = reader_of(parser, child)(parser, child, rule);
	parser->where[0] = '\0';
	return code;
}

static const struct rule *find_name(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rules_count; i++) {
		if (strcmp(policy->rules[i].name, name) == 0)
			return &policy->rules[i];
	}
	return NULL;
}

int policy_parse_rules(struct policy_parser *parser, const struct yaml_node *node, struct policy *policy)
{
	int code = policy_parse_list(parser, node, "rules", POLICY_RULES_MAX, NULL);

	if (code < 0)
		return code;
	policy->rules = arena_alloc(parser->arena, (node->count + 1) * sizeof(*policy->rules));
	if (policy->rules == NULL)
		return policy_parse_memory(parser);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		struct rule *rule = &policy->rules[policy->rules_count];
		const struct rule *twin;

		code = read_rule(parser, child, rule);
		if (code < 0)
			return code;
		twin = find_name(policy, rule->name);
		if (twin != NULL)
			return yaml_error(parser->document, rule->line, parser->err,
				"rule %s stands on line %u already; a name of its own was expected", rule->name, twin->line);
		policy->any_groups = policy->any_groups || rule->groups.count > 0;
		policy->rules_count++;
	}
	return 0;
}
