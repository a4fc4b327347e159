-- When and how far a submitted task runs: the time and its zone, maintenance windows and waves (JSON lists), up to which wave
-- the verdicts were judged, why it stands still ('' it does not), and on which verdict a deployment goes back by itself.

ALTER TABLE task ADD COLUMN start_at_ms $INT NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN time_zone $TEXT NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN windows $TEXT NOT NULL DEFAULT '[]';
ALTER TABLE task ADD COLUMN waves $TEXT NOT NULL DEFAULT '[]';
ALTER TABLE task ADD COLUMN judged_wave $INT NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN paused $TEXT NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN rollback_on $TEXT NOT NULL DEFAULT '';

-- The wave of a deployment, from 1 on; 0 where all go at once.
ALTER TABLE deployment ADD COLUMN wave $INT NOT NULL DEFAULT 0;

CREATE INDEX task_unfinished ON task (id) WHERE state IN ('pending', 'scheduling', 'processing');
CREATE INDEX deployment_planned ON deployment (task_id, wave, id) WHERE state = 'planned';
CREATE INDEX deployment_contradicted ON deployment (task_id, id) WHERE state = 'error' AND verdict = 'contradicted';
