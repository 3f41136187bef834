/* `modgate policy test`: a file of cases, each a question and the answer it must get. */
#include "policy/policy_private.h"

#include <stdio.h>
#include <string.h>

#include "module/path.h"

#define PLACE_MAX    300
#define SENTENCE_MAX 2000
#define MEMORY_MAX   (4 * 1024 * 1024) /* of one case */
#define VALUE_MAX    1024

struct test_case {
	struct policy_question question;
	struct slice name; /* free text; empty: none */
	enum policy_verdict want;
	bool has_want;
	const char *rule; /* NULL: not looked at */
};

struct runner {
	struct policy_parser parser;
	const struct policy *policy;
	policy_test_report *report;
	void *ctx;
	struct policy_test_counts counts;
};

typedef int case_reader(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test);

static int read_slice(struct policy_parser *parser, const struct yaml_node *node, struct slice *out)
{
	const char *text = NULL;
	int code = policy_parse_text(parser, node, node->key, VALUE_MAX, &text);

	if (code == 0)
		*out = slice_of(text);
	return code;
}

static int read_texts(struct policy_parser *parser, const struct yaml_node *node, const char *const **texts_out, size_t *count_out)
{
	int code = policy_parse_list(parser, node, node->key, POLICY_WORDS_MAX, NULL);
	const char **texts;
	size_t count = 0;

	if (code < 0)
		return code;
	texts = arena_alloc(parser->arena, (node->count + 1) * sizeof(*texts));
	if (texts == NULL)
		return policy_parse_memory(parser);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		code = policy_parse_text(parser, child, node->key, VALUE_MAX, &texts[count]);
		if (code < 0)
			return code;
		count++;
	}
	*texts_out = texts;
	*count_out = count;
	return 0;
}

static int read_name(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return read_slice(parser, node, &test->name);
}

static int read_user(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return read_slice(parser, node, &test->question.user);
}

static int read_groups(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return read_texts(parser, node, &test->question.groups, &test->question.groups_count);
}

static int read_token_modules(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return read_texts(parser, node, &test->question.token_modules, &test->question.token_modules_count);
}

static int read_method(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	int code = read_slice(parser, node, &test->question.method);

	if (code == 0 && policy_method_bit(test->question.method) == 0)
		return yaml_error(parser->document, node->line, parser->err, "the method %s is unknown; ldap, jwt, token or anonymous was expected",
			node->text);
	return code;
}

static int read_module(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	struct err why = ERR_INIT;
	int code = read_slice(parser, node, &test->question.module);

	if (code == 0 && module_path_check(test->question.module, &why) < 0)
		return yaml_error(parser->document, node->line, parser->err, "%s; a module path was expected", why.text);
	return code;
}

static int read_version(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return read_slice(parser, node, &test->question.version);
}

static int read_action(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	struct slice word = SLICE_NONE;
	int code = read_slice(parser, node, &word);

	if (code == 0 && !policy_action_parse(word, &test->question.action))
		return yaml_error(parser->document, node->line, parser->err,
			"the action %s is unknown; list, latest, info, mod, zip or lookup was expected", node->text);
	return code;
}

static int read_want(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	struct slice word = SLICE_NONE;
	int code = read_slice(parser, node, &word);

	for (unsigned i = POLICY_DENY; code == 0 && i <= POLICY_NEED_FACTS; i++) {
		if (slice_equal_text(word, policy_verdict_word((enum policy_verdict)i))) {
			test->want = (enum policy_verdict)i;
			test->has_want = true;
		}
	}
	if (code == 0 && !test->has_want)
		return yaml_error(parser->document, node->line, parser->err, "want is %s; allow, deny or depends was expected", node->text);
	return code;
}

static int read_rule(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	return policy_parse_text(parser, node, "rule", VALUE_MAX, &test->rule);
}

static const struct {
	const char *key;
	case_reader *read;
} keys[] = { { "name", read_name }, { "user", read_user }, { "groups", read_groups }, { "method", read_method },
	{ "token_modules", read_token_modules }, { "module", read_module }, { "version", read_version }, { "action", read_action },
	{ "want", read_want }, { "rule", read_rule } };
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int read_key(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(node->key, keys[i].key) == 0)
			return keys[i].read(parser, node, test);
	}
	return yaml_error(parser->document, node->key_line, parser->err,
		"unknown key %.100s; name, user, groups, method, token_modules, module, version, action, want or rule was expected", node->key);
}

static int read_case(struct policy_parser *parser, const struct yaml_node *node, struct test_case *test)
{
	int code = 0;

	*test = (struct test_case){ .question = { .action = POLICY_ZIP } };
	if (node->type != YAML_MAPPING)
		return yaml_error(
			parser->document, node->line, parser->err, "a case is a mapping like { user: alice, module: example.com/m, want: allow }");
	for (const struct yaml_node *child = node->first; code == 0 && child != NULL; child = child->next)
		code = read_key(parser, child, test);
	if (code == 0 && (test->question.module.len == 0 || !test->has_want))
		return yaml_error(parser->document, node->line, parser->err, "the case lacks %s; module and want were expected",
			test->has_want ? "its module" : "what it wants");
	return code;
}

/* What a case may call the rule that decided. */
static const char *decider(const struct policy_answer *answer)
{
	switch (answer->why) {
	case POLICY_WHY_END:
		return "(end)";
	case POLICY_WHY_TOKEN_LIMIT:
		return "(token)";
	case POLICY_WHY_UNMAPPED:
		return "(unmapped)";
	case POLICY_WHY_RULE:
	case POLICY_WHY_FACTS:
	case POLICY_WHY_PRIVATE_NAME:
	case POLICY_WHY_SUMDB_EXEMPT:
	case POLICY_WHY_SHUT_OUT:
		break;
	}
	return answer->rule;
}

static void tell(struct runner *runner, unsigned line, const struct test_case *test, const struct policy_answer *answer)
{
	const struct policy_question *question = &test->question;
	char place[PLACE_MAX];
	char sentence[SENTENCE_MAX];

	if (runner->report == NULL)
		return;
	snprintf(place, sizeof(place), "%s:%u", yaml_name(runner->parser.document), line);
	snprintf(sentence, sizeof(sentence), "%.*s%s%s of %.*s%s%.*s for %.*s: %s by %s; %s%s%s was wanted", SLICE_ARG(test->name),
		test->name.len > 0 ? ": " : "", policy_action_word(question->action), SLICE_ARG(question->module),
		question->version.len > 0 ? "@" : "", SLICE_ARG(question->version),
		SLICE_ARG(question->user.len > 0 ? question->user : SLICE("nobody")), policy_verdict_word(answer->verdict), decider(answer),
		policy_verdict_word(test->want), test->rule != NULL ? " by " : "", test->rule != NULL ? test->rule : "");
	runner->report(runner->ctx, place, sentence);
}

static int run_case(struct runner *runner, const struct yaml_node *node)
{
	struct policy_answer answer;
	struct test_case test;
	int code = read_case(&runner->parser, node, &test);

	if (code < 0)
		return code;
	policy_decide(runner->policy, &test.question, &answer);
	if (answer.verdict == test.want && (test.rule == NULL || strcmp(test.rule, decider(&answer)) == 0)) {
		runner->counts.passed++;
		return 0;
	}
	runner->counts.failed++;
	tell(runner, node->line, &test, &answer);
	return 0;
}

static int run_cases(struct runner *runner)
{
	struct policy_parser *parser = &runner->parser;
	const struct yaml_node *root = yaml_root(parser->document);
	const struct yaml_node *cases = root->type == YAML_MAPPING ? yaml_get(root, "cases") : NULL;
	int code;

	if (cases == NULL || root->count != 1)
		return yaml_error(
			parser->document, root->line, parser->err, "the file is not of this form; one key, cases, with a list was expected");
	if (cases->type == YAML_SEQUENCE && cases->count == 0)
		return yaml_error(
			parser->document, cases->line, parser->err, "cases is an empty list, which tests nothing; at least one case was expected");
	code = policy_parse_list(parser, cases, "cases", POLICY_CASES_MAX, NULL);
	for (const struct yaml_node *node = cases->first; code == 0 && node != NULL; node = node->next) {
		code = run_case(runner, node);
		arena_reset(parser->arena);
	}
	return code;
}

int policy_test(
	const struct policy *policy, const char *path, policy_test_report *report, void *ctx, struct policy_test_counts *counts_out, struct err *err)
{
	struct runner runner = { .policy = policy, .report = report, .ctx = ctx };
	struct yaml_document *document = NULL;
	struct arena *arena = arena_open(MEMORY_MAX);
	int code = arena == NULL ? err_set(err, POLICY_ERR, "cannot read %s: out of memory", path) : yaml_read(path, &document, err);

	if (code == 0) {
		runner.parser = (struct policy_parser){ .document = document, .arena = arena, .where = "", .err = err };
		code = run_cases(&runner);
	}
	if (code == 0)
		*counts_out = runner.counts;
	yaml_close(&document);
	arena_close(&arena);
	return code == BASE_ERR_INVALID || code == BASE_ERR_LIMIT ? POLICY_ERR_INVALID : code < 0 ? POLICY_ERR : 0;
}
