// A process that does nothing but load the package: compare with bare.ts.
import 'heddle';
