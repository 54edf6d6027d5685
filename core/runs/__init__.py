"""One evaluation, as a pure function of pinned inputs; see README here for the stages in order."""
