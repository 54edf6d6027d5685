"""Submissions upward, answers to them, and the reviewers' comparison."""
