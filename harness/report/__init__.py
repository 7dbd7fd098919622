"""Reports of sweeps, replays and audits in every form, written from records only.

``sweep``, ``replay`` and ``audit`` turn what came out of their source into one record, ``finding.Report``, and put its
text together. Each other form is one module that knows nothing but that record: ``document`` (JSON), ``junit``,
``sarif``, ``github`` and ``html``.
"""
