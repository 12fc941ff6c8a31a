import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/**
 * The jobs on Spark's own RDD API, in one local JVM. Usage: SparkJobs JOB THREADS SIZE [TEXT].
 * Each line on standard input asks for one run; each run prints one line of JSON.
 */
public final class SparkJobs {
  private static final int PARTITIONS = 4;
  private static final int KEYS = 1_000_000;
  private static final long SCATTER = 2_654_435_761L;

  private final JavaSparkContext context;
  private final String job;
  private final long size;
  private final String text;

  private SparkJobs(JavaSparkContext context, String job, long size, String text) {
    this.context = context;
    this.job = job;
    this.size = size;
    this.text = text;
  }

  public static void main(String[] args) throws Exception {
    long start = System.nanoTime();
    String job = args[0];
    SparkConf conf = new SparkConf().setMaster("local[" + args[1] + "]").setAppName(job).set("spark.ui.enabled", "false");
    try (JavaSparkContext context = new JavaSparkContext(conf)) {
      context.setLogLevel("ERROR");
      print(job, "context", start, Long.parseLong(args[1]));
      SparkJobs jobs = new SparkJobs(context, job, Long.parseLong(args[2]), args.length > 3 ? args[3] : null);
      BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
      for (int run = 1; requests.readLine() != null; run++) {
        start = System.nanoTime();
        long answer = jobs.run();
        print(job, "run " + run, start, answer);
      }
    }
  }

  private static void print(String job, String what, long start, long answer) {
    double seconds = (System.nanoTime() - start) / 1e9;
    String line = "{\"peer\":\"spark\",\"job\":\"%s\",\"what\":\"%s\",\"seconds\":%.6f,\"answer\":%d}";
    System.out.println(String.format(Locale.ROOT, line, job, what, seconds, answer));
  }

  private long run() {
    return switch (job) {
      case "wordcount" -> wordcount();
      case "pi" -> range(size).filter(ignored -> hitsCircle()).count();
      case "pi-loop" -> piLoop();
      case "reduceByKey" -> keyed(size).reduceByKey(Integer::sum, PARTITIONS).count();
      case "groupByKey" -> keyed(size).groupByKey(PARTITIONS).count();
      case "group-sums" -> keyed(size).groupByKey(PARTITIONS).map(group -> sumOf(group._2())).reduce(Long::sum);
      case "partitionBy" -> keyed(size).partitionBy(new HashPartitioner(PARTITIONS)).count();
      case "sortByKey" -> range(size).mapToPair(i -> new Tuple2<>(i * SCATTER & Integer.MAX_VALUE, 1)).sortByKey(true, PARTITIONS).count();
      case "join" -> keyed(size).join(keyed(size / 2), PARTITIONS).count();
      case "tasks" -> context.parallelize(Collections.nCopies((int) size, 1), (int) size).count();
      default -> throw new IllegalArgumentException("no job " + job);
    };
  }

  private static long sumOf(Iterable<Integer> values) {
    long sum = 0;
    for (int value : values) sum += value;
    return sum;
  }

  private long wordcount() {
    return context.textFile(text, PARTITIONS)
        .flatMap(line -> Arrays.asList(line.split(" ")).iterator())
        .mapToPair(word -> new Tuple2<>(word, 1))
        .reduceByKey(Integer::sum, PARTITIONS)
        .collect()
        .size();
  }

  private static boolean hitsCircle() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    double x = random.nextDouble() * 2 - 1;
    double y = random.nextDouble() * 2 - 1;
    return x * x + y * y < 1;
  }

  private long piLoop() {
    long trials = size / PARTITIONS;
    return context.parallelize(IntStream.range(0, PARTITIONS).boxed().toList(), PARTITIONS)
        .map(seed -> {
          SplittableRandom random = new SplittableRandom(seed);
          long inside = 0;
          for (long i = 0; i < trials; i++) {
            double x = random.nextDouble() * 2 - 1;
            double y = random.nextDouble() * 2 - 1;
            if (x * x + y * y < 1) inside++;
          }
          return inside;
        })
        .reduce(Long::sum);
  }

  private JavaPairRDD<Integer, Integer> keyed(long count) {
    return range(count).mapToPair(i -> new Tuple2<>((int) (i % KEYS), 1));
  }

  /** Scala's range of Long, which Java sees as objects: each element is a boxed Long all the same. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private JavaRDD<Long> range(long count) {
    return (JavaRDD<Long>) (JavaRDD) context.sc().range(0, count, 1, PARTITIONS).toJavaRDD();
  }
}
