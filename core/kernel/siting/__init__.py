"""Where to add: the few candidates that newly cover most people, with what none can surpass."""
