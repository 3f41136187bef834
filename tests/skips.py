"""The only reasons for which a test may be skipped. A skip says pytest.skip(skips.REASON) or REASON + ": detail"; any other one fails the run."""
NO_PUBLIC_UPSTREAM = "no public upstream answers"
NO_KERNEL_FEATURE = "the kernel lacks a feature"
NO_NEW_GO = "no go command at hand is new enough"

ALLOWED = (NO_PUBLIC_UPSTREAM, NO_KERNEL_FEATURE, NO_NEW_GO)


def allowed(reason):
    text = reason.removeprefix("Skipped: ")
    return any(text == known or text.startswith(known + ": ") for known in ALLOWED)
