SELECT
  "x_UsageType",
  SUM("ListCost") AS "cost"
FROM (
  SELECT
    CASE
      WHEN NULLIF("line_item_product_code", '') = 'AmazonCloudFront'
      THEN NULLIF("line_item_usage_type", '')
      ELSE SUBSTR(
        NULLIF("line_item_usage_type", ''),
        LENGTH(
          COALESCE(REGEXP_EXTRACT(NULLIF("line_item_usage_type", ''), '^((?:EU)-).', 1), '')
        ) + 1
      )
    END AS "x_UsageType",
    CASE
      WHEN "line_item_line_item_type" IN ('SavingsPlanNegation')
      THEN CAST(0 AS DECIMAL(18, 10))
      WHEN "line_item_usage_type" LIKE '%SpotUsage%'
      AND CAST("pricing_public_on_demand_cost" AS DECIMAL(38, 18)) = 0
      THEN NULL
      WHEN "line_item_line_item_type" IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'FlatRateSubscription')
      THEN CAST("pricing_public_on_demand_cost" AS DECIMAL(38, 18))
      ELSE CAST("line_item_unblended_cost" AS DECIMAL(38, 18))
    END AS "ListCost",
    COALESCE(
      NULLIF(NULLIF("product_region_code", ''), 'global'),
      CASE
        WHEN NULLIF("line_item_product_code", '') = 'AmazonCloudFront'
        THEN NULL
        ELSE NULLIF(
          MAP(ARRAY['', 'EU-'], ARRAY['', 'eu-west-1'])[COALESCE(REGEXP_EXTRACT(NULLIF("line_item_usage_type", ''), '^((?:EU)-).', 1), '')],
          ''
        )
      END
    ) AS "RegionId"
  FROM cost_and_usage
) AS bill
WHERE
  "RegionId" IN ('us-east-1', 'eu-west-1') AND "ListCost" > 0.01
GROUP BY
  1
