SELECT
  SUM(CASE WHEN NOT "Tags['team']" IS NULL THEN "EffectiveCost" END) AS "tagged",
  SUM(CASE WHEN "Tags['team']" IS NULL THEN "EffectiveCost" END) AS "untagged"
FROM (
  SELECT
    NULLIF("resource_tags_user_team", '') AS "Tags['team']",
    CASE
      WHEN "line_item_line_item_type" IN ('SavingsPlanCoveredUsage')
      THEN CAST("savings_plan_savings_plan_effective_cost" AS DECIMAL(38, 18))
      WHEN "line_item_line_item_type" IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee')
      THEN CAST(0 AS DECIMAL(18, 10))
      WHEN "line_item_line_item_type" IN ('SavingsPlanRecurringFee')
      THEN CAST(0 AS DECIMAL(18, 10))
      WHEN (
        "line_item_line_item_type" IN ('Refund')
        AND '' LIKE '%SavingsPlans'
        AND '' LIKE 'Refund for one-time fee for Savings Plan ID%'
      )
      THEN CAST(0 AS DECIMAL(18, 10))
      WHEN "line_item_line_item_type" IN ('DiscountedUsage')
      THEN CAST("reservation_effective_cost" AS DECIMAL(38, 18))
      WHEN "line_item_line_item_type" IN ('RIFee')
      THEN CAST(0 AS DECIMAL(18, 10))
      WHEN (
        "line_item_line_item_type" IN ('Fee')
        AND COALESCE("reservation_reservation_a_r_n", '') <> ''
      )
      THEN CAST(0 AS DECIMAL(18, 10))
      ELSE CAST("line_item_unblended_cost" AS DECIMAL(38, 18))
    END AS "EffectiveCost",
    CASE
      WHEN "line_item_line_item_type" IN (
        'Usage',
        'DiscountedUsage',
        'SavingsPlanCoveredUsage',
        'SavingsPlanNegation',
        'FlatRateSubscription'
      )
      THEN 'Usage'
      WHEN "line_item_line_item_type" IN ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')
      THEN 'Purchase'
      WHEN "line_item_line_item_type" = 'Tax'
      THEN 'Tax'
      WHEN "line_item_line_item_type" IN (
        'Credit',
        'Discount',
        'BundledDiscount',
        'EdpDiscount',
        'PrivateRateDiscount',
        'RiVolumeDiscount',
        'SppDiscount',
        'DistributorDiscount'
      )
      THEN 'Credit'
      WHEN "line_item_line_item_type" = 'Refund'
      THEN CASE
        WHEN COALESCE(
          NULLIF("savings_plan_savings_plan_a_r_n", ''),
          NULLIF("reservation_reservation_a_r_n", '')
        ) IS NULL
        THEN 'Usage'
        ELSE 'Purchase'
      END
      ELSE 'Adjustment'
    END AS "ChargeCategory"
  FROM cost_and_usage
) AS bill
WHERE
  "ChargeCategory" = 'Usage' AND TRUE
