"""Set up the jobs' app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Work outside requests, and each person's private stream that shows it."""

    name = "partyline.jobs"

    def ready(self):
        """Register the streams: each person's private one, each job's, and the operators'.

        What is drawn by the clock: jobs that are nobody's, of which nobody is told when they change, ages,
        and what a process that was killed did not draw any more.
        """
        from partyline.live.kinds import Kind, register

        from . import operators, pages

        job = {"job": pages.job_html, "lines": pages.lines_html}
        errors, summary = {"errors": operators.errors_html}, {"summary": operators.summary_html}
        register(Kind("me", may_see=pages.is_own, states={"jobs": pages.jobs_html}))
        register(Kind("job", may_see=pages.may_see_job, clock=job))
        register(Kind("errors", may_see=operators.may_see_errors, clock=errors))
        register(Kind("jobs", may_see=operators.may_see_all, clock=summary))
