"""The jobs on DuckDB and on Polars, as their own documentation would write them.

usage: frames.py PEER JOB THREADS SIZE [TEXT]
Each line on standard input asks for one run; each run prints one line of JSON. Without a peer `versions`
prints what is installed.
"""

import json
import os
import sys
import time

KEYS = 1_000_000
SCATTER = 2_654_435_761  # 2^32 over the golden ratio: neighbours end up far apart
POSITIVE = 0x7FFFFFFF


def duckdb_jobs(threads, size, text):
    import duckdb

    connection = duckdb.connect(config={"threads": threads})

    def scalar(query):
        return connection.execute(query).fetchone()[0]

    def keyed(count):
        return f"(SELECT i % {KEYS} AS k, 1 AS v FROM range({count}) AS r(i))"

    def wordcount():
        # one column a line: a delimiter that no text holds, and no quoting
        lines = f"read_csv({sql_text(text)}, header = false, delim = '\\0', quote = '', escape = '', columns = {{'line': 'VARCHAR'}})"
        words = f"(SELECT unnest(string_split(line, ' ')) AS word FROM {lines})"
        return len(connection.execute(f"SELECT word, count(*) FROM {words} GROUP BY word").fetchall())

    def pi():
        points = f"(SELECT random() * 2 - 1 AS x, random() * 2 - 1 AS y FROM range({size}))"
        return scalar(f"SELECT count(*) FROM {points} WHERE x * x + y * y < 1")

    def reduce_by_key():
        return scalar(f"SELECT count(*) FROM (SELECT k, sum(v) FROM {keyed(size)} GROUP BY k)")

    def group_by_key():
        return scalar(f"SELECT count(*) FROM (SELECT k, list(v) FROM {keyed(size)} GROUP BY k)")

    def group_sums():
        return scalar(f"SELECT sum(list_sum(vs)) FROM (SELECT k, list(v) AS vs FROM {keyed(size)} GROUP BY k)")

    def sort_by_key():
        # into a table: a bare count would let the optimiser drop the sort
        scattered = f"SELECT (i * {SCATTER}) & {POSITIVE} AS k, 1 AS v FROM range({size}) AS r(i)"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE in_order AS {scattered} ORDER BY k")
        return scalar("SELECT count(*) FROM in_order")

    def join():
        return scalar(f"SELECT count(*) FROM {keyed(size)} AS l JOIN {keyed(size // 2)} AS r USING (k)")

    return {
        "wordcount": wordcount,
        "wordcount-1gb": wordcount,
        "pi": pi,
        "reduceByKey": reduce_by_key,
        "groupByKey": group_by_key,
        "group-sums": group_sums,
        "sortByKey": sort_by_key,
        "join": join,
    }


def polars_jobs(threads, size, text):
    os.environ["POLARS_MAX_THREADS"] = str(threads)  # read when the module is loaded
    import polars as pl

    def numbers(count):
        return pl.select(i=pl.int_range(0, count)).lazy()

    def keyed(count):
        return numbers(count).select(k=pl.col("i") % KEYS, v=pl.lit(1))

    def wordcount():
        lines = pl.scan_csv(text, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
        words = lines.select(word=pl.col("line").str.split(" ").explode())
        return words.group_by("word").len().collect().height

    def reduce_by_key():
        return keyed(size).group_by("k").agg(pl.col("v").sum()).collect().height

    def group_by_key():
        return keyed(size).group_by("k").agg(pl.col("v")).collect().height

    def group_sums():
        return keyed(size).group_by("k").agg(pl.col("v")).select(pl.col("v").list.sum().sum()).collect().item()

    def sort_by_key():
        scattered = numbers(size).select(k=(pl.col("i") * SCATTER) & POSITIVE, v=pl.lit(1))
        return scattered.sort("k").collect().height

    def join():
        return keyed(size).join(keyed(size // 2), on="k").collect().height

    return {
        "wordcount": wordcount,
        "wordcount-1gb": wordcount,
        "reduceByKey": reduce_by_key,
        "groupByKey": group_by_key,
        "group-sums": group_sums,
        "sortByKey": sort_by_key,
        "join": join,
    }


def sql_text(value):
    return "'" + value.replace("'", "''") + "'"


def main(arguments):
    if arguments == ["versions"]:
        from importlib.metadata import PackageNotFoundError, version

        installed = {"python": sys.version.split()[0]}
        for name in ("pyspark", "duckdb", "polars"):
            try:
                installed[name] = version(name)
            except PackageNotFoundError:
                installed[name] = None
        print(json.dumps(installed))
        return
    peer, job, threads, size, *rest = arguments
    jobs = {"duckdb": duckdb_jobs, "polars": polars_jobs}[peer]
    run = jobs(int(threads), int(size), rest[0] if rest else None)[job]
    for number, _request in enumerate(iter(sys.stdin.readline, ""), start=1):
        start = time.perf_counter()
        answer = run()
        seconds = time.perf_counter() - start
        line = {"peer": peer, "job": job, "what": f"run {number}", "seconds": round(seconds, 6), "answer": answer}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
