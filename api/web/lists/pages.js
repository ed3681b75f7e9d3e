// Lists by the first part of their address.
import { DatasetsPage } from "./datasets.js";
import { ModelsPage } from "./models.js";
import { StudiesPage } from "./studies.js";
import { WorkersPage } from "./workers.js";

export const LISTS = { studies: StudiesPage, datasets: DatasetsPage, models: ModelsPage, workers: WorkersPage };
