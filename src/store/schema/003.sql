-- A certificate that only a vendor's certificate service holds has no private key here, and maybe no PEM.

ALTER TABLE certificate ADD COLUMN has_key $INT NOT NULL DEFAULT 1;
