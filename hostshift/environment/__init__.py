"""Which variables of an environment hold addresses, and their answers.

:mod:`.find` finds them: by the value alone, or with :mod:`.by_name` and the table in
:mod:`.services`, or because HOSTSHIFT_ENV lists them (:mod:`.listing`). :mod:`.resolve` gives the
answers, and those of :mod:`.pairs`.
"""
