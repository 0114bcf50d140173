"""Who is told how a run went? A metrics file, a ping, a webhook: after the commit, and in vain if
need be, since nothing here may fail a run.

announce   the order of the notices around a run
ended      what a run came to, with an outcome or an error
facts      what the database knows of it
metrics    the text of the metrics file
events     the webhook's body, and its signature
post       the way out, by the one client
"""
