"""A standalone Spark cluster on loopback: one master, two workers."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from costmodel.bill.engines.spark import SparkEngine, start_spark

ROOT = Path(__file__).parents[4]
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the cluster, or skip saying what is missing."""
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: costmodel[spark]")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: Spark needs Java 17 or later")
    folder = tmp_path_factory.mktemp("spark")
    home = Path(pyspark.__file__).parent
    port = free_port()
    master = f"spark://{LOOPBACK}:{port}"
    env = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": LOOPBACK,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }
    os.environ.update({name: env[name] for name in ("SPARK_LOCAL_IP", "PYSPARK_PYTHON")})
    deploy = "org.apache.spark.deploy"
    commands = [
        [f"{deploy}.master.Master", "--port", str(port)],
        *(
            [f"{deploy}.worker.Worker", "-c", "1", "-m", "1g", "-d", str(folder / f"w{i}"), master]
            for i in range(2)
        ),
    ]
    processes = []
    for number, (name, *arguments) in enumerate(commands):
        log = (folder / f"{number}.log").open("w")
        hosts = ["--host", LOOPBACK, "--webui-port", str(free_port())]
        command = [str(home / "bin" / "spark-class"), name, *hosts, *arguments]
        processes.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))
    yield master
    for process in reversed(processes):
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def spark(spark_cluster: str) -> Iterator[SparkEngine]:
    """Return an engine on the cluster whose executors can import this package."""
    engine = start_spark(
        spark_cluster,
        {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.ui.enabled": "false",
            "spark.executor.memory": "512m",
            # Wait for both workers before the first task.
            "spark.cores.max": "2",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.sql.shuffle.partitions": "2",
            "spark.executorEnv.PYTHONPATH": str(ROOT),
        }.items(),
    )
    yield engine
    engine.stop()
