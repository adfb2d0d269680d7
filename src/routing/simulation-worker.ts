/** Runs one comparison in a thread of its own, so that nothing else of the process waits for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { compare, type SimulationTask } from './simulation.ts'

parentPort?.postMessage(compare(workerData as SimulationTask))
