/* Templates of repositories: what their braces stand for. */
#include "module/template.h"

#include <string.h>

#include "module/path.h"

/* The number of "{n}", 0 of "{*}", -1 of anything else. */
static int brace(const char *at)
{
	if (at[0] != '{' || at[1] == '\0' || at[2] != '}')
		return -1;
	if (at[1] == '*')
		return 0;
	return at[1] >= '1' && at[1] <= '0' + MODULE_TEMPLATE_ELEMENTS_MAX ? at[1] - '0' : -1;
}

int module_template_read(const char *text, struct module_template *template_out, struct err *err)
{
	struct module_template template = { 0, false };
	unsigned seen = 0;

	for (const char *at = strpbrk(text, "{}"); at != NULL; at = strpbrk(at + 3, "{}")) {
		int n = brace(at);

		if (n < 0)
			return err_set(err, MODULE_ERR, "a brace in it is not of the form {1} to {9} or {*}");
		if (n == 0 && template.open_ended)
			return err_set(err, MODULE_ERR, "it holds {*} more than once; once was expected, for all that {1} to {9} leave");
		if (n == 0)
			template.open_ended = true;
		else
			seen |= 1u << (n - 1);
		if ((size_t)n > template.elements)
			template.elements = (size_t)n;
	}
	if (seen != (1u << template.elements) - 1)
		return err_set(err, MODULE_ERR,
			"it leaves an element out, so that two modules would share a repository; {1}, {2} and so on were expected, without a gap");
	*template_out = template;
	return 0;
}
