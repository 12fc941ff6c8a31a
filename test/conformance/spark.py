"""Evaluates expressions over Spark's RDDs, for spark.test.ts.

usage: spark.py REQUEST ANSWER
REQUEST is a JSON file: the rows of each RDD by name, its partitions, and the expressions by name, in which these names
and `sc` are known. ANSWER gets what each expression gave, or the error that it raised.
"""

import json
import math
import sys

from pyspark import SparkConf, SparkContext


def frozen(value):
    """Lists as tuples: Python has no lists as keys."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def plain(value):
    """What JSON has no word for, in words that it has; a dictionary as its pairs."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return [[plain(key), plain(item)] for key, item in value.items()]
    return [plain(item) for item in value]


def main(request_path, answer_path):
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    conf = SparkConf().setMaster("local[2]").setAppName("heddle-conformance")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.python.worker.reuse": "true",
    }.items():
        conf.set(name, value)
    sc = SparkContext(conf=conf)
    sc.setLogLevel("ERROR")
    names = {"sc": sc, **request["names"]}
    for name, rows in request["rdds"].items():
        names[name] = sc.parallelize([frozen(row) for row in rows], request["partitions"])
    answers = {}
    for name, expression in request["jobs"].items():
        try:
            answers[name] = {"value": plain(eval(expression, names))}
        except Exception as error:  # told by the test, next to the answer that was expected
            answers[name] = {"error": str(error)[-2000:]}
    sc.stop()
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answers, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
