"""A sweep on a SLURM cluster: one job a GPU, by dask-jobqueue (`pip install dask-jobqueue distributed`).

    python -m examples.slurm --grid p=31,37,53 --grid weight_decay=0.5,1.0 --seeds 8

Run it on a login node, in the checkout, with the environment's interpreter; the checkout must be on a disk that the nodes share. It asks
for up to `JOBS` jobs, waits in the queue, and ends them when the sweep ends. What it is given goes to `python -m src.sweeps`. Stopped
or cut off, the same command goes on.
"""

import subprocess
import sys

from dask_jobqueue import SLURMCluster

JOBS = 8
OF_EACH = {"cores": 1, "processes": 1, "memory": "16GB", "walltime": "02:00:00", "job_extra_directives": ["--gres=gpu:1"]}


def main() -> int:
    with SLURMCluster(**OF_EACH, python=sys.executable, scheduler_options={"dashboard_address": None}) as cluster:
        cluster.adapt(minimum_jobs=1, maximum_jobs=JOBS)
        sweep = [sys.executable, "-m", "src.sweeps", *sys.argv[1:], "--scheduler", cluster.scheduler_address]
        return subprocess.run(sweep).returncode


if __name__ == "__main__":
    sys.exit(main())
