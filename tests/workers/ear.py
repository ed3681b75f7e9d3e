"""A listener for the doorbell's contract: prints a line at every bell it hears."""

import sys
import threading

from workers import celery_app, tasks

if __name__ == "__main__":
    heard = threading.Semaphore(0)
    tasks.listen(celery_app.create(sys.argv[1], celery_app.PATIENT), heard.release)
    while heard.acquire():
        sys.stdout.write("bell\n")
        sys.stdout.flush()
