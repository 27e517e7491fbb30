"""What `sbatch` is told of a job, whatever it does."""

from core.engine.builders.site import SlurmNeeds, SlurmSettings


def job_options(
    settings: SlurmSettings, needs: SlurmNeeds, *, name: str, comment: str, output: str
) -> list[str]:
    """The options of a job that one task does on one node.

    Args:
        settings: what the site says.
        needs: what this job asks for.
        name: by which users see it in the queue.
        comment: by which we find it.
        output: the file that gets what it prints.
    """
    given = {
        "account": settings.account,
        "partition": needs.partition,
        "qos": needs.qos,
        "time": needs.time,
        "mem": needs.memory,
        "cpus-per-task": needs.cpus,
        "constraint": needs.constraint,
    }
    return [
        f"--job-name={name}",
        f"--comment={comment}",
        f"--output={output.replace('%', '%%')}",
        "--open-mode=append",
        "--export=ALL",
        "--nodes=1",
        "--ntasks=1",
        *(f"--{option}={value}" for option, value in given.items() if value),
    ]
